import { missing, type ServiceProcess, until } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { experimentFile } from './application.ts';
import { connectTo, FAILED, FINISHED, type Surroundings, startSurroundings } from './surroundings.ts';

const lacking = missing('redis-server') || missing('etcd') || missing('etcdctl');
const needs = '(needs redis-server, etcd, etcdctl)';

describe.skipIf(lacking)(`an orchestrator that ends in the run ${needs}`, () => {
  let around: Surroundings;
  let client: ServiceProcess;

  beforeAll(async () => {
    around = await startSurroundings({ etcd: true });
    [client] = await Promise.all([
      around.ready('client', { galileo_worker_name: 'one' }),
      around.ready('telemd', { telemd_nodename: 'node-a' }),
      around.ready('loadbalancer'),
    ]);
  }, 30_000);

  afterAll(async () => {
    await around?.[Symbol.asyncDispose]();
  });

  /** Submits a long experiment and waits until there is load. */
  async function underLoad() {
    const orchestrator = await around.start('orchestrator');
    using system = await connectTo(orchestrator, around.directory);
    const id = await system.submit(experimentFile({ duration: '60s' }));
    for await (const { load } of system.client.watchExperiment({ experimentId: id })) {
      if (load !== undefined && load.completed > 10) break;
    }
    expect(await around.redis.client().keys('routing:*')).not.toEqual([]);
    return { orchestrator, id };
  }

  async function left() {
    const weights = (await around.etcd!.ctl('get', '--prefix', 'golb/', '--keys-only')).trim();
    const clients = await around.redis.client().smembers('galileo:worker:one:clients');
    return { routes: await around.redis.client().keys('routing:*'), weights, clients };
  }
  const nothing = { routes: [], weights: '', clients: [] };

  test('by SIGTERM while it waits for services ends at once', async () => {
    const orchestrator = await around.start('orchestrator');
    using system = await connectTo(orchestrator, around.directory);
    const file = experimentFile().replace('clients: 2', 'clients: 2\n    worker_labels: { galileo_zone: moon }');
    const id = await system.submit(file);
    for await (const { phase } of system.client.watchExperiment({ experimentId: id })) {
      if (phase === 'waiting for a load client with the labels galileo_zone=moon') break;
    }
    expect(await orchestrator.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await left()).toEqual(nothing);
  }, 30_000);

  test('by SIGTERM takes everything back and ends in order', async () => {
    const { orchestrator, id } = await underLoad();
    const begin = performance.now();
    expect(await orchestrator.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(10_000);
    expect(await left()).toEqual(nothing);
    expect(await around.redis.client().keys('galileo:service:orchestrator:*')).toEqual([]);
    await using next = await around.start('orchestrator');
    using system = await connectTo(next, around.directory);
    const { experiment } = await system.client.getExperiment({ experimentId: id });
    expect(experiment).toMatchObject({ status: FAILED, reason: 'the orchestrator was stopped' });
  }, 30_000);

  test('by SIGTERM while a load client hangs leaves its clients to a successor', async () => {
    const { orchestrator } = await underLoad();
    client.pause();
    const ended = await orchestrator.kill('SIGTERM');
    client.resume();
    expect(ended).toEqual({ code: 0, signal: null });
    expect(await left()).toMatchObject({ routes: [], weights: '' });
    await using next = await around.start('orchestrator');
    await next.ready();
    await until('nothing of the load client is left', async () => (await left()).clients.length === 0);
  }, 40_000);

  test('by SIGKILL has a successor that takes back what it left, before its own experiments', async () => {
    const { orchestrator, id } = await underLoad();
    await orchestrator.kill('SIGKILL');
    expect(await left()).not.toEqual(nothing);
    await using next = await around.start('orchestrator');
    using system = await connectTo(next, around.directory);
    const second = await system.submit(experimentFile({ duration: '1s' }));
    await until('nothing of the first is left', async () => {
      const { weights, clients } = await left();
      return weights === '' && clients.length === 0;
    });
    const { experiment } = await system.client.getExperiment({ experimentId: id });
    expect(experiment).toMatchObject({ status: FAILED });
    expect(experiment!.reason).toMatch(/^the orchestrator ended while the experiment was RUNNING/);
    const { status, reason, phases } = await system.follow(second);
    expect([status, reason]).toEqual([FINISHED, '']);
    expect(phases).toContain('generating load');
    const report = await system.report(second);
    expect(report.ledger!.entries[0]).toMatchObject({ produced: 98, stored: 98 });
    expect(await left()).toEqual(nothing);
  }, 40_000);
});
