import { hostname } from 'node:os';
import { decodeHistogram } from '@galileo/analysis';
import { LoadClientDefinition, type ProfileProcess } from '@galileo/proto/client';
import { connect } from '@galileo/service';
import { startUpstream, until } from '@galileo/testkit';
import { createSchedule, scheduleHash } from '@galileo/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorker, type Worker } from './worker.ts';

let worker: Worker;
beforeAll(async () => {
  worker = await startWorker({ galileo_zone: 'main', galileo_redis_password: 'secret' });
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
});

describe('a worker', () => {
  it('tells its name and its labels, and no secret', async () => {
    const { worker: name, labels } = await worker.rpc.ping({});
    expect(name).toBe('w');
    expect(labels).toMatchObject({ galileo_zone: 'main', galileo_worker_name: 'w' });
    expect(JSON.stringify(labels)).not.toContain('secret');
  });

  it('gives back its connections to hosts that no route names any more, unless all go to one host', async () => {
    const open = new Set<number>();
    await using upstream = await startUpstream(({ socket }, response) => {
      const port = socket.remotePort!;
      open.add(port);
      socket.on('close', () => open.delete(port));
      response.setHeader('Keep-Alive', 'timeout=600').end();
    });
    const elsewhere = { routes: [{ service: 'pi', hosts: ['127.0.0.1:1'], weights: [1] }] };
    const run = async (one: Worker, clientId: string) => {
      await one.load(clientId, { requests: 3, gap: 0.05 });
      await one.watch();
    };
    {
      await using routed = await startWorker();
      const [client] = await routed.clients(1, upstream.address);
      await run(routed, client!.clientId);
      expect(open.size).toBeGreaterThan(0);
      await routed.rpc.setRoutes(elsewhere);
      await until('no connection', () => open.size === 0);
    }
    const env = { galileo_router_type: 'StaticRouter', galileo_router_static_host: `http://${upstream.address}` };
    await using everywhere = await startWorker(env);
    const [client] = await everywhere.clients(1, undefined);
    await run(everywhere, client!.clientId);
    const before = [...open];
    await everywhere.rpc.setRoutes(elsewhere);
    await run(everywhere, client!.clientId);
    expect(before.length).toBeGreaterThan(0);
    expect([...open]).toEqual(expect.arrayContaining(before));
  });

  it('is called like its host unless it is told otherwise', async () => {
    await using nameless = await startWorker({ galileo_worker_name: '' });
    expect((await nameless.rpc.ping({})).worker).toBe(hostname());
  });

  it('can not have a name that breaks traces', async () => {
    await expect(startWorker({ galileo_worker_name: 'a,b' })).rejects.toThrow(/galileo_worker_name: "a,b" is not allowed/);
  });

  it('wants the token', async () => {
    await using guarded = await startWorker({ galileo_token: 'sesame' });
    await expect(guarded.rpc.ping({})).rejects.toThrow(/UNAUTHENTICATED/);
    using allowed = connect(LoadClientDefinition, guarded.address, { credentials: { token: 'sesame' } });
    expect((await allowed.client.ping({})).labels).not.toHaveProperty('galileo_token');
  });

  it('numbers its clients over all services, and lists them page by page', async () => {
    await worker.rpc.closeClients({});
    const { clients: pi } = await worker.rpc.createClients({ service: 'pi', count: 3 });
    const { clients: other } = await worker.rpc.createClients({ service: 'other', count: 2 });
    const all = [...pi, ...other];
    const first = Number(pi[0]!.clientId.split(':')[2]);
    expect(all.map(client => client.clientId)).toEqual(
      ['pi', 'pi', 'pi', 'other', 'other'].map((service, i) => `w:${service}:${first + i}`),
    );
    expect(new Set(all.map(client => client.token)).size).toBe(5);
    const listed: unknown[] = [];
    let pageToken = '';
    let pages = 0;
    do {
      const page = await worker.rpc.listClients({ pageSize: 2, pageToken });
      listed.push(...page.clients.map(client => client.description));
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== '');
    expect(pages).toBe(3);
    expect(listed).toEqual(all);
    await worker.rpc.closeClients({});
  });
});

describe('figures', () => {
  it('go on at their interval while there was no load yet, and end with it', async () => {
    const [client] = await worker.clients(1, undefined);
    const idle: boolean[] = [];
    for await (const message of worker.rpc.watchStatistics({ interval: 0.05 })) {
      idle.push(message.idle);
      if (idle.length === 2) await worker.load(client!.clientId, { requests: 3 });
    }
    expect(idle.slice(0, 2)).toEqual([true, true]);
    expect(idle.at(-1)).toBe(true);
    await worker.rpc.closeClients({});
  });

  it('are given to several at a time, each with all of the latencies', async () => {
    await using upstream = await startUpstream((_request, response) => response.end());
    const [client] = await worker.clients(1, upstream.address);
    const watching = [worker.watch(0.05), worker.watch(0.06)];
    await worker.load(client!.clientId, { requests: 50, startAt: worker.clock.now() + 0.2 });
    for (const messages of await Promise.all(watching)) {
      const counts = messages.map(message => decodeHistogram(message.latency).count);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50);
    }
    await worker.rpc.closeClients({});
  });
});

describe('a schedule', () => {
  it('has its hash told when it has come to its end, and the time that requests waited in the worker', async () => {
    await using upstream = await startUpstream((_request, response) => response.end());
    const [client] = await worker.clients(1, upstream.address);
    await worker.load(client!.clientId, { requests: 50, gap: 0.002, startAt: worker.clock.now() + 0.2 });
    const hash = async () => (await worker.rpc.listClients({})).clients[0]!.scheduleHash;
    expect(await hash()).toBe('');
    const messages = await worker.watch(0.05);
    expect(decodeHistogram(messages.at(-1)!.queueing).count).toBe(50);
    const arrival = { kind: 'distribution', name: 'constant', parameters: [0.002], requests: 50 } as const;
    expect(await hash()).toBe(scheduleHash(createSchedule({ arrival, seed: 1 })).hash);
    await worker.rpc.closeClients({});
  });
});

describe('a wrong call', () => {
  const process = (name: string, parameters: number[]) => ({ $case: 'distribution' as const, value: { name, parameters } });
  const profile = (value: { name: string; parameters?: Record<string, number>; process?: ProfileProcess }) => ({
    process: { $case: 'profile' as const, value },
  });
  const load = (fields: object) => (w: Worker, clientId: string) =>
    w.rpc.setWorkload({ clientId, arrival: { process: process('constant', [1]), requests: 1 }, seed: 1, ...fields });
  const cases: readonly [sentence: string, call: (worker: Worker, clientId: string) => Promise<unknown>, message: RegExp][] = [
    ['no service', w => w.rpc.createClients({ service: '', count: 1 }), /INVALID_ARGUMENT: service: found ""; allowed: up to 50/],
    ['a service that breaks traces', w => w.rpc.createClients({ service: 'a,b', count: 1 }), /service: found "a,b"/],
    ['a service that reads as null', w => w.rpc.createClients({ service: 'None', count: 1 }), /service: found "None"/],
    [
      'no clients',
      w => w.rpc.createClients({ service: 'a', count: 0 }),
      /count: found 0; allowed: a whole number from 1 to 10000/,
    ],
    ['a bad request', w => w.rpc.createClients({ service: 'a', count: 1, request: { path: 'x' } }), /request.path: found "x"/],
    ['a bad page', w => w.rpc.listClients({ pageToken: 'x' }), /page_token: found "x"/],
    [
      'a host with a path',
      w => w.rpc.setRoutes({ routes: [{ service: 'a', hosts: ['h:1/x'], weights: [1] }] }),
      /route of "a": found host "h:1\/x"/,
    ],
    [
      'a port out of range',
      w => w.rpc.setRoutes({ routes: [{ service: 'a', hosts: ['h:0'], weights: [1] }] }),
      /found host "h:0"/,
    ],
    [
      'too few weights',
      w => w.rpc.setRoutes({ routes: [{ service: 'a', hosts: ['h:1'], weights: [] }] }),
      /route of "a": .*weights/,
    ],
    [
      'a negative weight',
      w => w.rpc.setRoutes({ routes: [{ service: 'a', hosts: ['h:1'], weights: [-1] }] }),
      /INVALID_ARGUMENT.*-1/,
    ],
    [
      'an unknown client',
      w => w.rpc.setWorkload({ clientId: 'w:a:999' }),
      /NOT_FOUND: client_id: worker w has no client "w:a:999"/,
    ],
    ['to stop an unknown client', w => w.rpc.stopWorkload({ clientId: 'x' }), /NOT_FOUND/],
    ['no arrival process', load({ arrival: undefined }), /INVALID_ARGUMENT: arrival: found no arrival process/],
    [
      'an unknown distribution',
      load({ arrival: { process: process('expo', [1]), requests: 1 } }),
      /arrival: found "expo"; allowed: constant, /,
    ],
    ['a wrong parameter', load({ arrival: { process: process('expovariate', [0]), requests: 1 } }), /lambda: found 0/],
    ['no end', load({ arrival: { process: process('constant', [1]) } }), /neither requests nor duration/],
    ['an endless moment', load({ arrival: { process: process('constant', [0]) }, duration: 1 }), /would have no end/],
    ['a negative duration', load({ duration: -1 }), /duration: found -1/],
    ['a start that is no time', load({ startAt: Number.NaN }), /start_at: found NaN/],
    [
      'ticks without steps',
      load({ arrival: { process: { $case: 'ticks', value: { rates: [], interval: 1 } } } }),
      /rates: found none/,
    ],
    [
      'an unknown profile',
      load({ arrival: profile({ name: 'sinus' }), duration: 1 }),
      /arrival: found "sinus"; allowed: constant,/,
    ],
    [
      'a profile without what it needs',
      load({ arrival: profile({ name: 'sine', parameters: { max_rps: 5 } }), duration: 1 }),
      /arrival: sine: period: is missing/,
    ],
    [
      'a process that is not known yet',
      load({ arrival: profile({ name: 'constant', parameters: { rps: 1 }, process: 7 as ProfileProcess }), duration: 1 }),
      /arrival: process: found 7; allowed: POISSON, EVEN/,
    ],
    [
      'a profile without an end',
      load({ arrival: profile({ name: 'constant', parameters: { rps: 1 } }) }),
      /neither requests nor duration/,
    ],
    [
      'a recorded gap that is no number',
      load({ arrival: { process: { $case: 'recorded', value: { gaps: [1, Number.NaN] } } } }),
      /arrival: gaps\[1\]: found NaN; allowed: a finite number/,
    ],
  ];
  for (const [sentence, call, message] of cases) {
    it(`is refused with what was found and what is allowed: ${sentence}`, async () => {
      const { clients } = await worker.rpc.createClients({ service: 'a', count: 1 });
      await expect(call(worker, clients[0]!.clientId)).rejects.toThrow(message);
    });
  }

  it('is refused also in a stream', async () => {
    const messages = worker.rpc.watchStatistics({ interval: 0.001 })[Symbol.asyncIterator]();
    await expect(messages.next()).rejects.toThrow(/INVALID_ARGUMENT: interval: found 0.001; allowed: seconds from 0.05/);
  });
});
