import { waitForServing } from '@galileo/service';
import { missing, type RedisServer, startRedis, startUpstream, until } from '@galileo/testkit';
import { clientKey, parseTrace, splitHeaders } from '@galileo/wire';
import { describe, expect, it } from 'vitest';
import { startWorker, type Worker } from './worker.ts';

const channel = (name: string) => `__eventbus:global:${name}`;
const registerCommand = '{"__obj": [], "__type": "galileo.worker.api.RegisterWorkerCommand"}';
const pingRequest = (id: string) => `{"__obj": ["WorkerDaemon.ping", "__rpc_${id}", [], {}], "__type": "pymq.core.RpcRequest"}`;

const inRedis = ({ host, port }: RedisServer, env: Record<string, string> = {}) =>
  startWorker({ galileo_bus: 'redis', galileo_redis_host: host, galileo_redis_port: String(port), ...env });

/** The commands that Redis runs from now on, but for those of connections themselves. */
async function monitor(redis: RedisServer) {
  const commands: string[][] = [];
  const watching = await redis.client().monitor();
  watching.on('monitor', (_time: string, args: string[]) => {
    if (!/^(ping|client|auth|info|eval|get|select)$/i.test(args[0]!)) commands.push(args);
  });
  return {
    commands,
    of: (name: string) => commands.filter(args => args[0]!.toLowerCase() === name),
    [Symbol.dispose]: () => watching.disconnect(),
  };
}

async function untilRegistered(redis: RedisServer, worker: Worker): Promise<void> {
  const client = redis.client();
  await until('the registration', async () => (await client.sismember('galileo:workers', 'w')) === 1);
  await until('health', () => waitForServing(worker.address, 0.1).then(() => true));
}

const isServing = ({ address }: Worker) =>
  waitForServing(address, 0.1).then(
    () => true,
    () => false,
  );

describe.skipIf(missing('redis-server'))('a worker in Redis (needs redis-server)', () => {
  it('registers as the original does, without a secret, and takes everything back in its order', async () => {
    await using redis = await startRedis({ password: 'planted-secret' });
    using seen = await monitor(redis);
    const client = redis.client();
    const labels = { galileo_zone: 'main', galileo_worker_name: 'w' };
    const env = { galileo_zone: 'main', galileo_redis_password: 'planted-secret' };
    {
      await using worker = await inRedis(redis, env);
      await untilRegistered(redis, worker);
      expect(await client.smembers('galileo:workers')).toEqual(['w']);
      expect(await client.hgetall('w')).toMatchObject(labels);
      expect(await client.get('galileo:service:client:w')).toBe(worker.address);
      const { clients } = await worker.rpc.createClients({ service: 'pi', count: 2, request: { path: '/x?n=planted-secret' } });
      const [one, two] = clients.map(({ clientId }) => clientId) as [string, string];
      await until('the clients', async () => (await client.scard('galileo:worker:w:clients')) === 2);
      expect(await client.get(clientKey(one))).toBe(`["${one}", "w", ["pi", null, {"method": "get", "path": "/x"}, null]]`);
      await worker.rpc.closeClients({ clientIds: [one] });
      await until('one less', async () => (await client.smembers('galileo:worker:w:clients')).join() === two);
      expect(await client.exists(clientKey(one))).toBe(0);
    }
    expect(await client.keys('*')).toEqual([]);
    const told = seen.commands.map(args => args.slice(0, 3).join(' '));
    const order = (names: string[]) => names.map(name => told.indexOf(name));
    const subscribed = seen
      .of('subscribe')
      .find(args => args.includes(channel('WorkerDaemon.ping')))!
      .slice(1);
    const commands = ['CreateClient', 'CloseClient', 'RegisterWorker', 'StartTracing', 'PauseTracing'];
    expect(subscribed).toEqual([
      ...commands.map(name => channel(`galileo.worker.api.${name}Command`)),
      channel('WorkerDaemon.ping'),
      channel('WorkerDaemon.create_client:w'),
    ]);
    const began = order([
      `SUBSCRIBE ${subscribed.slice(0, 2).join(' ')}`,
      'sadd galileo:workers w',
      `publish ${channel('galileo.worker.api.RegisterWorkerEvent')} {"__obj": ["w"], "__type": "galileo.worker.api.RegisterWorkerEvent"}`,
    ]);
    expect(began).toEqual(began.toSorted((a, b) => a - b));
    expect(began[0]).toBeGreaterThanOrEqual(0);
    expect(seen.of('hmset')[0]!.slice(0, 2)).toEqual(['hmset', 'w']);
    const ended = order([
      'srem galileo:workers w',
      'del galileo:worker:w:clients',
      `publish ${channel('galileo.worker.api.UnregisterWorkerEvent')} {"__obj": ["w"], "__type": "galileo.worker.api.UnregisterWorkerEvent"}`,
      'del w',
    ]);
    expect(ended).toEqual(ended.toSorted((a, b) => a - b));
    expect(ended[0]).toBeGreaterThan(began[2]!);
    expect(JSON.stringify(seen.commands)).not.toContain('planted-secret');
  });

  it('answers ping as the original does', async () => {
    await using redis = await startRedis();
    await using worker = await inRedis(redis);
    await untilRegistered(redis, worker);
    const client = redis.client();
    expect(await client.publish(channel('WorkerDaemon.ping'), 'no request')).toBe(1);
    expect(await client.publish(channel('WorkerDaemon.ping'), pingRequest('1'))).toBe(1);
    const key = channel('__rpc_1');
    await until('its life to be limited', async () => (await client.ttl(key)) > 290);
    expect(await client.brpop(key, 2)).toEqual([
      key,
      '{"__obj": ["WorkerDaemon.ping", "w", "str", false], "__type": "pymq.core.RpcResponse"}',
    ]);
  });

  it('registers again when it is told to (discover), with its clients', async () => {
    await using redis = await startRedis();
    await using worker = await inRedis(redis);
    await untilRegistered(redis, worker);
    const client = redis.client();
    const { clients } = await worker.rpc.createClients({ service: 'pi', count: 3 });
    await until('the clients', async () => (await client.scard('galileo:worker:w:clients')) === 3);
    await client.del('galileo:worker:w:clients', 'galileo:workers');
    await client.publish(channel('galileo.worker.api.RegisterWorkerCommand'), registerCommand);
    await until('the registration', async () => (await client.sismember('galileo:workers', 'w')) === 1);
    const ids = clients.map(({ clientId }) => clientId);
    expect((await client.smembers('galileo:worker:w:clients')).toSorted()).toEqual(ids);
  });

  it('is there again when Redis was killed and comes back empty; meanwhile it is not serving and goes on', async () => {
    await using upstream = await startUpstream((_request, response) => response.end());
    await using redis = await startRedis();
    const client = redis.client();
    await setRoute(redis, 'pi', upstream.address);
    await using worker = await inRedis(redis);
    await untilRegistered(redis, worker);
    const { clients } = await worker.rpc.createClients({ service: 'pi', count: 1 });
    await redis.kill();
    await until('health to turn', async () => !(await isServing(worker)));
    await worker.load(clients[0]!.clientId, { requests: 20 });
    expect((await worker.watch()).at(-1)).toMatchObject({ completed: 20, failed: 0 });
    const more = await worker.rpc.createClients({ service: 'pi', count: 1 });
    await redis.restart();
    await untilRegistered(redis, worker);
    const ids = [...clients, ...more.clients].map(({ clientId }) => clientId);
    await until('the clients', async () => (await client.smembers('galileo:worker:w:clients')).toSorted().join() === ids.join());
    expect(await client.hget('w', 'galileo_worker_name')).toBe('w');
    await until('the announcement', async () => (await client.get('galileo:service:client:w')) === worker.address);
    expect(await client.publish(channel('WorkerDaemon.ping'), pingRequest('2'))).toBe(1);
  });

  it('clears what a predecessor left behind that was killed, and leaves what is not its own', async () => {
    await using redis = await startRedis();
    const client = redis.client();
    await client.sadd('galileo:workers', 'w', 'other');
    await client.sadd('galileo:worker:w:clients', 'w:old:7');
    await client.set('galileo:client:w:old:7', '[]');
    await client.hset('w', { galileo_redis_password: 'planted-secret', galileo_zone: 'old' });
    await client.hset('other', { galileo_zone: 'main' });
    {
      await using _worker = await inRedis(redis, { galileo_zone: 'main' });
      await until('the registration', async () => (await client.hget('w', 'galileo_zone')) === 'main');
      expect(await client.exists('galileo:worker:w:clients', 'galileo:client:w:old:7')).toBe(0);
      expect(await client.hgetall('w')).toMatchObject({ galileo_zone: 'main' });
      expect(await client.hexists('w', 'galileo_redis_password')).toBe(0);
    }
    expect(await client.smembers('galileo:workers')).toEqual(['other']);
    expect((await client.keys('*')).toSorted()).toEqual(['galileo:workers', 'other']);
  });

  it('whose name is the key of something else does not touch that, and is not registered', async () => {
    await using redis = await startRedis();
    const client = redis.client();
    await client.rpush('w', 'a list of somebody');
    await using worker = await inRedis(redis);
    await until('health', () => isServing(worker));
    expect(await client.publish(channel('WorkerDaemon.ping'), pingRequest('3'))).toBe(1);
    await until('an answer', async () => (await client.ttl(channel('__rpc_3'))) > 0);
    expect(await client.lrange('w', 0, -1)).toEqual(['a list of somebody']);
    expect(await client.exists('galileo:workers')).toBe(0);
  });
});

/** Sets a route as WIRE's commands do. */
async function setRoute(redis: RedisServer, service: string, ...hosts: string[]): Promise<void> {
  await redis
    .client()
    .multi()
    .del(`routing:hosts:${service}`, `routing:weights:${service}`)
    .sadd('routing:services', service)
    .rpush(`routing:hosts:${service}`, ...hosts)
    .rpush(`routing:weights:${service}`, ...hosts.map(() => '1.0'))
    .publish('routing:updates', service)
    .exec();
}

describe.skipIf(missing('redis-server'))('routes and traces over Redis (needs redis-server)', () => {
  it('routes are those in Redis and change with it, and gRPC sets none', async () => {
    await using one = await startUpstream((_request, response) => response.end('one'));
    await using other = await startUpstream((_request, response) => response.end('two'));
    await using redis = await startRedis();
    await setRoute(redis, 'pi', one.address);
    await using worker = await inRedis(redis);
    await untilRegistered(redis, worker);
    expect(await worker.rpc.getRoutes({})).toEqual({ routes: [{ service: 'pi', hosts: [one.address], weights: [1] }] });
    await expect(worker.rpc.setRoutes({ routes: [] })).rejects.toThrow(/FAILED_PRECONDITION: .*galileo_bus=redis/);
    const { clients } = await worker.rpc.createClients({ service: 'pi', count: 1 });
    const lines: string[] = [];
    const subscriber = redis.client();
    await subscriber.subscribe('galileo/results/traces');
    subscriber.on('message', (_channel, line) => lines.push(line));
    await worker.load(clients[0]!.clientId, { requests: 3 });
    await until('the traces', () => lines.length === 3);
    await setRoute(redis, 'a', 'a:1');
    await setRoute(redis, 'pi', other.address);
    await until('the change', async () => (await worker.rpc.getRoutes({})).routes[1]?.hosts[0] === other.address);
    expect((await worker.rpc.getRoutes({})).routes.map(({ service }) => service)).toEqual(['a', 'pi']);
    await worker.load(clients[0]!.clientId, { requests: 2 });
    await until('the traces', () => lines.length === 5);
    const traces = lines.map(line => parseTrace(line)).map(parsed => (parsed.ok ? parsed.value : undefined));
    expect(traces.map(trace => trace?.server)).toEqual([...Array(3).fill(one.address), ...Array(2).fill(other.address)]);
    expect(traces.every(trace => trace?.status === 200 && splitHeaders(trace.headers).details.error === null)).toBe(true);
    expect(worker.traces).toEqual([]);
  });

  it('a route that can not be used does not spoil the others', async () => {
    await using redis = await startRedis();
    await setRoute(redis, 'good', 'h:1');
    await setRoute(redis, 'bad', 'h:1/path');
    await using worker = await inRedis(redis);
    await untilRegistered(redis, worker);
    expect((await worker.rpc.getRoutes({})).routes.map(({ service }) => service)).toEqual(['good']);
    await setRoute(redis, 'good', 'h:2');
    await until('the change', async () => (await worker.rpc.getRoutes({})).routes[0]?.hosts[0] === 'h:2');
  });
});
