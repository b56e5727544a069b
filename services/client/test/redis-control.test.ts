import { decodeHistogram } from '@galileo/analysis';
import { missing, type RedisServer, startRedis, startUpstream, type TemporaryDirectory, until } from '@galileo/testkit';
import { clientInfos, createClients, parseTrace, pingWorkers, rpcResponseKey } from '@galileo/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appsDirectory } from './apps-directory.ts';
import { startWorker, type Worker } from './worker.ts';

const channel = (name: string) => `__eventbus:global:galileo.worker.api.${name}`;

/** A controller's side of the bus: raw, as the original sends it. */
async function controllerOf(redis: RedisServer) {
  const client = redis.client();
  const subscriber = redis.client();
  const done: string[] = [];
  const lines: string[] = [];
  await subscriber.subscribe(channel('WorkloadDoneEvent'), 'galileo/results/traces');
  subscriber.on('message', (from: string, payload: string) => {
    if (from.endsWith('traces')) lines.push(payload);
    else done.push((JSON.parse(payload) as { __obj: [string] }).__obj[0]);
  });
  let calls = 0;

  async function call(to: string, fn: string, args: unknown[], answers?: number) {
    const id = `__rpc_${calls++}`;
    const request = { __obj: [fn, id, args, {}], __type: 'pymq.core.RpcRequest' };
    const receivers = await client.publish(to, JSON.stringify(request));
    const found: unknown[][] = [];
    for (let i = 0; i < (answers ?? receivers); i++) {
      const answer = await client.brpop(rpcResponseKey(id), 3);
      if (answer === null) throw new Error(`${fn}: no answer ${i + 1}`);
      found.push((JSON.parse(answer[1]) as { __obj: unknown[] }).__obj);
    }
    expect(await client.exists(rpcResponseKey(id))).toBe(0);
    return { receivers, answers: found };
  }

  return {
    client,
    done,
    /** Traces heard of a client. */
    tracesOf: (id: string) => lines.filter(line => line.includes(`,${id},`)),
    async create(
      parameters: object | null = null,
      num = 1,
      service = 'svc',
      host = 'w',
      app: string | null = null,
    ): Promise<string[]> {
      const { name, channel: to } = createClients('w');
      const { answers } = await call(to, name, [[host, [service, app, parameters, null], num]]);
      const [, result, type, failed] = answers[0]!;
      if (failed === true) throw new Error(`${type}: ${(result as string[]).join(' ')}`);
      return (result as string[][]).map(([id]) => id!);
    },
    /** Resolves when what was sent before was heard. */
    heard: () => call(pingWorkers.channel, pingWorkers.name, []),
    infos: () => call(clientInfos.channel, clientInfos.name, []),
    send: (name: string, ...fields: unknown[]) =>
      client.publish(channel(name), JSON.stringify({ __obj: fields, __type: `galileo.worker.api.${name}` })),
    raw: (name: string, payload: string) => client.publish(channel(name), payload),
    untilDone: (id: string, times = 1) => until(`${id} to be done`, () => done.filter(each => each === id).length === times),
  };
}

describe.skipIf(missing('redis-server'))('a worker driven over Redis (needs redis-server)', () => {
  let redis: RedisServer;
  let worker: Worker;
  let apps: TemporaryDirectory;
  let controller: Awaited<ReturnType<typeof controllerOf>>;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  const requests: { url: string; open: number }[] = [];
  let open = 0;
  let hold = 0;
  /** Answers that wait until they are called, if they are to. */
  let held: (() => void)[] | undefined;

  beforeAll(async () => {
    upstream = await startUpstream((request, response) => {
      open += 1;
      requests.push({ url: request.url!, open });
      const status = Number(/status=(\d+)/.exec(request.url!)?.[1] ?? 200);
      const location = /to=(\S+)/.exec(request.url!)?.[1];
      const answer = () => {
        open -= 1;
        response.writeHead(status, location === undefined ? {} : { location }).end();
      };
      if (held === undefined) setTimeout(answer, hold);
      else held.push(answer);
    });
    redis = await startRedis();
    apps = await appsDirectory({
      pages: `export const nextRequest = ({ counter, parameters }) => {
        if (counter > parameters.most) throw new Error('no more pages');
        return ['get', '/page', { params: { n: counter } }];
      };`,
      empty: '',
    });
    worker = await startWorker({
      galileo_apps_dir: apps.path,
      galileo_apps_repository: 'http://127.0.0.1:1',
      galileo_bus: 'redis',
      galileo_redis_host: redis.host,
      galileo_redis_port: String(redis.port),
      galileo_router_type: 'SymmetryServiceRouter',
    });
    controller = await controllerOf(redis);
    const { client } = controller;
    await client.sadd('routing:services', 'svc');
    await client.rpush('routing:hosts:svc', upstream.address);
    await client.rpush('routing:weights:svc', '1.0');
    await client.publish('routing:updates', 'svc');
    await until('the registration', async () => (await client.sismember('galileo:workers', 'w')) === 1);
    await until('the route', async () => (await worker.rpc.getRoutes({})).routes.length === 1);
  });
  afterAll(async () => {
    await worker?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
    await upstream?.[Symbol.asyncDispose]();
    await apps?.[Symbol.asyncDispose]();
  });

  it('hears a workload that comes right after the answer, and says that it is done after the last response', async () => {
    hold = 150;
    const [id] = await controller.create({ path: '/late' });
    await controller.send('SetWorkloadCommand', id, 3, 'constant', [0.01]);
    await controller.untilDone(id!);
    expect(open).toBe(0);
    expect(requests.filter(({ url }) => url === '/svc/late')).toHaveLength(3);
    hold = 0;
    await until('the traces', () => controller.tracesOf(id!).length === 3);
  });

  it('makes clients of an app, and says that their workloads are done also when the app has failed', async () => {
    const [one, two] = await controller.create({ most: 3 }, 2, 'svc', 'w', 'pages');
    await controller.send('SetWorkloadCommand', one, 3, 'constant', [0.01]);
    await controller.untilDone(one!);
    const urls = requests.filter(({ url }) => url.startsWith('/svc/page')).map(({ url }) => url);
    expect(urls.toSorted()).toEqual(['/svc/page?n=1', '/svc/page?n=2', '/svc/page?n=3']);
    await controller.send('SetWorkloadCommand', two, 100, 'constant', [0.01]);
    await controller.untilDone(two!);
    const { clients } = await worker.rpc.listClients({});
    const { fault } = clients.find(({ description }) => description!.clientId === two)!;
    expect(fault).toBe('app "pages": nextRequest threw Error: no more pages');
    // It is refused from now on, and nobody waits for it.
    await controller.send('SetWorkloadCommand', two, 1, 'constant', [0.01]);
    await controller.untilDone(two!, 2);
  });

  it('refuses an app that can not be had', async () => {
    const create = (app: string) => controller.create(null, 1, 'svc', 'w', app);
    await expect(create('absent')).rejects.toThrow(/^ConnectionError: app "absent": not in galileo_apps_dir, and http:/);
    const [id] = await create('empty');
    await controller.send('SetWorkloadCommand', id, 10, 'constant', [0.01]);
    await controller.untilDone(id!);
    const { clients } = await worker.rpc.listClients({});
    const { fault } = clients.find(({ description }) => description!.clientId === id)!;
    expect(fault).toBe('app "empty": generator.ts: TypeError: nextRequest: found undefined; allowed: an exported function');
  });

  it('answers get_info once per client, each as its own receiver, and no longer when they are closed', async () => {
    await worker.rpc.closeClients({});
    const ids = await controller.create({ path: '/?status=302' }, 5);
    await controller.send('SetWorkloadCommand', ids[2], 4, 'constant', [0.001]);
    await controller.untilDone(ids[2]!);
    for (let i = 0; i < 2; i++) {
      const { receivers, answers } = await controller.infos();
      expect(receivers).toBe(5);
      const counts = answers.map(([, result]) => result as [string[], number, number]);
      expect(counts.map(([description, ...rest]) => [description[0], ...rest])).toEqual(
        ids.map(id => (id === ids[2] ? [id, 4, 4] : [id, 0, 0])),
      );
    }
    await controller.send('CloseClientCommand', ids[0]);
    await worker.rpc.closeClients({ clientIds: [ids[1]!] });
    await until('two less', async () => (await controller.client.scard('galileo:worker:w:clients')) === 3);
    expect((await controller.infos()).receivers).toBe(3);
    await worker.rpc.closeClients({});
    await until('silence', async () => Number(await controller.client.pubsub('NUMPAT')) === 0);
    expect(await controller.infos()).toEqual({ receivers: 0, answers: [] });
  });

  it('follows redirects if it is told to, and counts a request once', async () => {
    const path = '/?status=302&to=/there';
    const [stays] = await controller.create({ path });
    const [follows] = await controller.create({ path, kwargs: { allow_redirects: true, cookies: { a: '1' } } });
    for (const [id, status] of [
      [stays!, 302],
      [follows!, 200],
    ] as const) {
      await controller.send('SetWorkloadCommand', id, 2, 'constant', [0.01]);
      await controller.untilDone(id);
      await until('the traces', () => controller.tracesOf(id).length === 2);
      for (const line of controller.tracesOf(id)) expect(line).toContain(`,${status},`);
    }
    expect(requests.filter(({ url }) => url === '/there')).toHaveLength(2);
  });

  it('makes none for another worker and none of none, and refuses what can not be had', async () => {
    expect(await controller.create(null, 1, 'svc', 'other')).toEqual([]);
    expect(await controller.create(null, 0)).toEqual([]);
    await expect(controller.create(null, 1, 'a,b')).rejects.toThrow('ValueError: service: found "a,b"; allowed: up to 50');
    await expect(controller.create(null, 10_001)).rejects.toThrow('ValueError: num: found 10001; allowed: up to 10000');
    const files = { kwargs: { files: {} } };
    await expect(controller.create(files)).rejects.toThrow(
      'ValueError: request.kwargs.files: found {}; allowed: no such argument',
    );
  });

  it('without gaps sends as fast as its concurrency allows: 50 at a time and never more', async () => {
    held = [];
    const before = requests.length;
    const [id] = await controller.create({ path: '/loop' });
    await controller.send('SetWorkloadCommand', id, 200, 'constant', null);
    await until('50 on the way', () => held!.length === 50);
    const first = held;
    held = undefined;
    for (const answer of first) answer();
    await controller.untilDone(id!);
    const loop = requests.slice(before);
    expect(loop).toHaveLength(200);
    expect(Math.max(...loop.map(entry => entry.open))).toBe(50);
  });

  it('replaces a workload at once, and stops at once; neither is said to be done', async () => {
    const [id] = await controller.create({ path: '/replaced' });
    await controller.send('SetWorkloadCommand', id, null, 'constant', [0.001]);
    await until('requests', () => requests.some(({ url }) => url === '/svc/replaced'));
    await controller.send('SetWorkloadCommand', id, null, 'constant', [1000]);
    await controller.send('PauseTracingCommand');
    await controller.send('StartTracingCommand');
    const stopped = async () => (await worker.rpc.listClients({})).clients.find(each => each.description!.clientId === id)!;
    await until('the requests on the way', async () => {
      const [one, other] = [(await stopped()).requests, requests.filter(({ url }) => url === '/svc/replaced').length];
      return one === other;
    });
    expect((await stopped()).busy).toBe(true);
    await controller.send('StopWorkloadCommand', id);
    await until('no workload', async () => !(await stopped()).busy);
    expect(controller.done).not.toContain(id);
  });

  it('says at once that it is done where there is nothing to do or the command can not be followed', async () => {
    const [id] = await controller.create();
    const commands: unknown[][] = [
      [2, 'foo', [1]],
      [2, 'uniform', [1]],
      [2, 'constant', ['x']],
      [null, 'constant', null],
      [0, 'constant', [1]],
      [null, 'prerecorded', []],
    ];
    for (const [index, command] of commands.entries()) {
      await controller.send('SetWorkloadCommand', id, ...command);
      await controller.untilDone(id!, index + 1);
    }
    expect(controller.tracesOf(id!)).toEqual([]);
  });

  it('plays recorded gaps, as many as there are and as are asked for, and deletes them', async () => {
    const [id] = await controller.create({ path: '/recorded' });
    const { client } = controller;
    const recordings = [
      [null, 3],
      [10, 6],
      [2, 8],
    ] as const;
    for (const [index, [num, sent]] of recordings.entries()) {
      await client.lpush(id!, '0.01', '0', '0.02');
      await controller.send('SetWorkloadCommand', id, num, 'prerecorded', ['ran']);
      await controller.untilDone(id!, index + 1);
      expect(requests.filter(({ url }) => url === '/svc/recorded')).toHaveLength(sent);
      expect(await client.exists(id!)).toBe(0);
    }
    await client.lpush(id!, '0.01', 'x');
    await controller.send('SetWorkloadCommand', id, null, 'prerecorded', null);
    await controller.untilDone(id!, 4);
    await client.set(id!, 'no list');
    await controller.send('SetWorkloadCommand', id, null, 'prerecorded', null);
    await controller.untilDone(id!, 5);
    await client.del(id!);
  });

  it('lives on after malformed messages and commands for clients that it does not have', async () => {
    for (const payload of [
      'hello',
      '',
      'null',
      '[]',
      '{"__obj": ["x"]}',
      '{"client_id": "x", "num": "y"}',
      '[["x"], 1, "constant", 5]',
    ]) {
      for (const name of [
        'SetWorkloadCommand',
        'StopWorkloadCommand',
        'CloseClientCommand',
        'CreateClientCommand',
        'PauseTracingCommand',
      ]) {
        await controller.raw(name, payload);
      }
    }
    await controller.client.publish(clientInfos.channel, 'hello');
    await controller.send('StartTracingCommand');
    const [id] = await controller.create();
    await controller.send('SetWorkloadCommand', 'other:svc:0', 1, 'constant', [0]);
    await controller.send('SetWorkloadCommand', id, 1, 'constant', [0.001]);
    await controller.untilDone(id!);
  });

  it('drops traces while tracing is paused, and counts them as not recorded', async () => {
    const [id] = await controller.create();
    const run = async (times: number) => {
      await controller.send('SetWorkloadCommand', id, 3, 'constant', [0.001]);
      await controller.untilDone(id!, times);
    };
    await run(1);
    await controller.send('PauseTracingCommand');
    await controller.heard();
    await until('what was recorded', () => controller.tracesOf(id!).length === 3);
    await run(2);
    await controller.send('StartTracingCommand');
    await controller.heard();
    await run(3);
    await until('the rest', () => controller.tracesOf(id!).length === 6);
    const counters = controller.tracesOf(id!).map(line => {
      const trace = parseTrace(line);
      return trace.ok ? Number(trace.value.requestId.split(':')[1]) : Number.NaN;
    });
    // They stand in the order in which the requests ended.
    expect(counters.toSorted()).toEqual([1, 2, 3, 7, 8, 9]);
  });

  it('counts what it sends in its figures, where closed loops have no release error', async () => {
    await worker.rpc.closeClients({});
    const [id] = await controller.create();
    await controller.send('SetWorkloadCommand', id, 20, 'constant', null);
    await controller.untilDone(id!);
    for await (const figures of worker.rpc.watchStatistics({ interval: 0.05 })) {
      expect(figures).toMatchObject({ intended: 20, released: 20, completed: 20, failed: 0, idle: true });
      expect(decodeHistogram(figures.releaseError).count).toBe(0);
      break;
    }
  });
});

describe.skipIf(missing('redis-server'))('routers (need redis-server)', () => {
  it('DebugRouter answers with 200 and sends nothing, whatever the routes', async () => {
    await using redis = await startRedis();
    await using worker = await startWorker({
      galileo_bus: 'redis',
      galileo_redis_host: redis.host,
      galileo_redis_port: String(redis.port),
      galileo_router_type: 'DebugRouter',
    });
    const controller = await controllerOf(redis);
    await until('the registration', async () => (await controller.client.sismember('galileo:workers', 'w')) === 1);
    const [id] = await controller.create();
    await controller.send('SetWorkloadCommand', id, 2, 'constant', [0.001]);
    await controller.untilDone(id!);
    await until('the traces', () => controller.tracesOf(id!).length === 2);
    const trace = parseTrace(controller.tracesOf(id!)[0]!);
    expect(trace.ok && trace.value).toMatchObject({ status: 200, server: null, response: null });
    expect((await worker.rpc.listClients({})).clients[0]).toMatchObject({ requests: 2, failed: 0 });
  });

  it('a static host that is none is refused at the start', async () => {
    const env = { galileo_router_type: 'StaticRouter', galileo_router_static_host: 'localhost' };
    await expect(startWorker(env)).rejects.toThrow(/galileo_router_static_host: "localhost" is not allowed; allowed: http:/);
  });
});
