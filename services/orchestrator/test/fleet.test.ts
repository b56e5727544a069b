import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { missing } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { experimentFile } from './application.ts';
import { connectTo, FAILED, FINISHED, type Surroundings, startSurroundings } from './surroundings.ts';

const lacking = missing('redis-server') || missing('etcd') || missing('etcdctl');
const needs = '(needs redis-server, etcd, etcdctl)';

/** The file with labels, zones and nodes, as lines of YAML. */
function placed(options: { labels?: string; nodes?: string; duration?: string } = {}): string {
  const { labels = '{}', nodes = '[]', duration = '1s' } = options;
  return experimentFile({ duration })
    .replace('clients: 2', `clients: 2\n    worker_labels: ${labels}`)
    .replace('telemetry: { period: 200ms }', `telemetry: { period: 200ms, nodes: ${nodes} }`)
    .replace('{ node: node-a, weight: 3 }', '{ node: node-a, zone: main, weight: 3 }')
    .replace('{ node: node-b, weight: 1 }', '{ node: node-b, zone: edge, weight: 1 }');
}

describe.skipIf(lacking)(`a fleet that is found in Redis ${needs}`, () => {
  let around: Surroundings;

  beforeAll(async () => {
    around = await startSurroundings({ etcd: true });
  });

  afterAll(async () => {
    await around?.[Symbol.asyncDispose]();
  });

  test('what is missing is waited for and named, then everything is used, by zones and labels, and taken back', async () => {
    const orchestrator = await around.start('orchestrator', { galileo_fleet_timeout: '1s' });
    {
      using system = await connectTo(orchestrator, around.directory);
      const id = await system.submit(placed({ labels: '{ galileo_zone: edge }', nodes: '[node-z]' }));
      const { status, reason, phases } = await system.follow(id);
      expect(status).toBe(FAILED);
      expect(reason).toBe(
        'no load client was found; no load balancer was found; no telemetry agent observes node-z; found agents of: none (waited 1 s)',
      );
      expect(phases).toContain(
        'waiting for a load client with the labels galileo_zone=edge, a load balancer, a telemetry agent of node-z',
      );
    }
    expect(await orchestrator.kill('SIGTERM')).toEqual({ code: 0, signal: null });

    await using patient = await around.start('orchestrator');
    using system = await connectTo(patient, around.directory);
    const id = await system.submit(placed({ labels: '{ galileo_zone: edge }', nodes: '[node-a]', duration: '2s' }));
    // In any order, and while the experiment waits; a service that died has left its key.
    await around.redis.client().set('galileo:service:client:ghost', '127.0.0.1:1', 'EX', 60);
    const services = await Promise.all([
      around.start('telemd', { telemd_nodename: 'node-a' }),
      around.start('client', { galileo_worker_name: 'far', galileo_zone: 'edge' }),
      around.start('client', { galileo_worker_name: 'near', galileo_zone: 'main' }),
      around.start('loadbalancer', { eb_go_lb_zone: 'main', eb_go_lb_node_name: 'lb-main' }),
      around.start('loadbalancer', { eb_go_lb_zone: 'edge', eb_go_lb_node_name: 'lb-edge' }),
    ]);
    await using _services = {
      async [Symbol.asyncDispose]() {
        for (const service of services) await service[Symbol.asyncDispose]();
      },
    };
    let seen: { keys: string[]; hosts: string[]; weights: string } | undefined;
    const { status, reason, notices } = await system.follow(id, async ({ load }) => {
      if (seen !== undefined || load === undefined || load.completed === 0) return;
      seen = {
        keys: (await around.etcd!.ctl('get', '--prefix', 'golb/', '--keys-only')).trim().split(/\n+/),
        hosts: await around.redis.client().lrange('routing:hosts:app', 0, -1),
        weights: await around.etcd!.ctl('get', '--print-value-only', 'golb/function/edge/app'),
      };
    });
    expect([status, reason]).toEqual([FINISHED, '']);
    const report = await system.report(id);
    expect(report.intended).toBe(198);
    expect(report.ledger!.entries[0]).toMatchObject({ produced: 198, stored: 198, lost: 0 });
    // The workload's zone is main, whose load balancer has the replica of its own zone only.
    const [app] = report.services;
    expect(app!.replicas.map(replica => replica.requests)).toEqual([198, 0]);
    const main = (await services[3]!.ready())['http'];
    expect(seen!.hosts).toEqual([main]);
    expect(seen!.keys).toEqual(['golb/function/edge/app', 'golb/function/main/app']);
    expect(JSON.parse(seen!.weights)).toEqual({ ips: [app!.replicas[1]!.address], weights: [1] });
    expect(notices.filter(notice => notice.includes('ghost'))).toEqual([
      expect.stringMatching(/^load client ghost at 127\.0\.0\.1:1 is announced and does not answer: it is left out/),
    ]);
    expect(report.notes).toEqual([...notices, expect.stringMatching(/^The clocks of the nodes are known within /)]);
    expect(report.nodes.map(({ node }) => node)).toEqual(['node-a']);
    expect(app!.replicas.every(replica => replica.measured)).toBe(true);

    expect(await around.redis.client().keys('routing:*')).toEqual([]);
    expect((await around.etcd!.ctl('get', '--prefix', 'golb/', '--keys-only')).trim()).toBe('');
    expect(await around.redis.client().smembers('galileo:worker:far:clients')).toEqual([]);
    expect(await around.redis.client().get(`galileo:service:orchestrator:${hostname()}`)).toBe(system.address);
  }, 60_000);
});

describe.skipIf(missing('redis-server'))('replicas that run already (needs redis-server)', () => {
  test('are used in the order of the file, not measured, and left running', async () => {
    await using around = await startSurroundings({ etcd: false });
    await Promise.all([around.ready('client', { galileo_worker_name: 'one' }), around.ready('loadbalancer')]);
    const orchestrator = await around.start('orchestrator');
    using system = await connectTo(orchestrator, around.directory);
    const servers: Server[] = [];
    const address = async () => {
      const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
      servers.push(server);
      await new Promise(resolve => server.once('listening', resolve));
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const addresses = [await address(), await address()];
    const file = (wanted: string[]) =>
      experimentFile({ duration: '1s' }).replace(
        /process: .*/,
        `external: { addresses: ${JSON.stringify(wanted)}, ready: { path: /, timeout: 1s } }`,
      );
    const id = await system.submit(file(addresses));
    const { status, reason } = await system.follow(id);
    expect([status, reason]).toEqual([FINISHED, '']);
    const report = await system.report(id);
    const [app] = report.services;
    expect(app!.replicas.map(replica => replica.address)).toEqual(addresses);
    expect(app!.replicas.map(({ measured }) => measured)).toEqual([false, false]);
    expect(app!.replicas[0]!.requests).toBeGreaterThan(app!.replicas[1]!.requests);
    expect(report.notes).toContain('CPU and memory of app are not measured here: its replicas are external.');
    for (const server of servers) expect(server.listening).toBe(true);

    const absent = await system.follow(await system.submit(file([addresses[0]!, '127.0.0.1:1'])));
    expect([absent.status, absent.reason]).toEqual([
      FAILED,
      'replica app-1 at 127.0.0.1:1 was not ready within 1 s (nothing listens on 127.0.0.1:1)',
    ]);
    for (const server of servers) server.close();
  }, 40_000);
});
