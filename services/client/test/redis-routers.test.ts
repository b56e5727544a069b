import { missing, startRedis, startService, startUpstream, until } from '@galileo/testkit';
import { createClients, parseTrace, rpcResponseKey, type Trace } from '@galileo/wire';
import { expect, it } from 'vitest';
import { startRecorderDouble } from './recorder-double.ts';

/** Router -> the path under which the request `/x?n=1` of the service `svc` is to arrive; `undefined` if it must not. */
const routers: Readonly<Record<string, string | undefined>> = {
  CachingSymmetryHostRouter: '/x?n=1',
  SymmetryHostRouter: '/x?n=1',
  CachingSymmetryServiceRouter: '/svc/x?n=1',
  SymmetryServiceRouter: '/svc/x?n=1',
  StaticRouter: '/all/of/it/x?n=1',
  DebugRouter: undefined,
};

it.skipIf(missing('redis-server'))(
  'each router of the original sends where it says, from workers that a controller drives over Redis (needs redis-server)',
  { timeout: 100_000 },
  async () => {
    const [asked, askedElsewhere]: [string[], string[]] = [[], []];
    await using upstream = await startUpstream((request, response) => {
      asked.push(`${request.headers['x-router']} ${request.url}`);
      response.end();
    });
    await using everything = await startUpstream((request, response) => {
      askedElsewhere.push(`${request.headers['x-router']} ${request.url}`);
      response.end();
    });
    await using recorder = await startRecorderDouble();
    await using redis = await startRedis();
    const client = redis.client();
    await client.sadd('routing:services', 'svc');
    await client.rpush('routing:hosts:svc', upstream.address);
    await client.rpush('routing:weights:svc', '1');
    const traces: Trace[] = [];
    const subscriber = redis.client();
    subscriber.on('message', (_channel: string, line: string) => {
      const trace = parseTrace(line);
      if (trace.ok) traces.push(trace.value);
    });
    await subscriber.subscribe('galileo/results/traces');

    await using workers = new AsyncDisposableStack();
    for (const router of Object.keys(routers)) {
      workers.use(
        await startService('client', {
          galileo_grpc_listen: '127.0.0.1:0',
          galileo_worker_name: router,
          galileo_recorder: recorder.address,
          galileo_redis_host: redis.host,
          galileo_redis_port: String(redis.port),
          galileo_router_type: router,
          galileo_router_static_host: `http://${everything.address}/all/of/it`,
        }),
      );
    }
    await until('all to register', async () => (await client.scard('galileo:workers')) === 6, 60);
    for (const router of Object.keys(routers)) {
      const { name, channel } = createClients(router);
      const parameters = { path: '/x?n=1', kwargs: { headers: { 'X-Router': router } } };
      const call = [name, `__rpc_${router}`, [[router, ['svc', null, parameters, null], 1]], {}];
      await client.publish(channel, JSON.stringify({ __obj: call, __type: 'pymq.core.RpcRequest' }));
      const answer = await client.brpop(rpcResponseKey(`__rpc_${router}`), 10);
      const made = [[`${router}:svc:0`, router, ['svc', null, parameters, null]]];
      expect((JSON.parse(answer![1]) as { __obj: unknown }).__obj).toEqual([name, made, 'list', false]);
      const workload = { __obj: [`${router}:svc:0`, 1, 'constant', [0.01]] };
      await client.publish('__eventbus:global:galileo.worker.api.SetWorkloadCommand', JSON.stringify(workload));
    }
    await until('a trace of each', () => traces.length === 6);
    const found = traces.map(({ client: id, status, server }) => [id.split(':')[0]!, status, server]);
    const serverOf = (router: string) => (router === 'StaticRouter' ? everything.address : upstream.address);
    const servers = Object.entries(routers).map(([router, path]) => [router, 200, path === undefined ? null : serverOf(router)]);
    expect(found.toSorted()).toEqual(servers.toSorted());
    const arrivals = Object.entries(routers).filter(([, path]) => path !== undefined);
    const told = (isStatic: boolean) =>
      arrivals.filter(([router]) => (router === 'StaticRouter') === isStatic).map(a => a.join(' '));
    expect(asked.toSorted()).toEqual(told(false).toSorted());
    expect(askedElsewhere).toEqual(told(true));
  },
);
