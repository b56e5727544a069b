import { connectRedis } from '@galileo/bus/connect-redis';
import { createLog, waitForServing } from '@galileo/service';
import { missing, type RedisServer, silentLog, startFaultProxy, startRedis, startUpstream, until } from '@galileo/testkit';
import { createClients, pingWorkers, rpcResponseKey } from '@galileo/wire';
import { describe, expect, it } from 'vitest';
import { createBusMessages } from '../src/redis/bus-messages.ts';
import { createBusWorkloads } from '../src/redis/bus-workloads.ts';
import { startWorker } from './worker.ts';

const settings = ({ host, port }: RedisServer) => ({ host, port });
const channel = (name: string) => `__eventbus:global:galileo.worker.api.${name}`;

/** What is published on a channel from now on, also after Redis was restarted. */
async function listen(redis: RedisServer, to: string): Promise<string[]> {
  const client = redis.client();
  const heard: string[] = [];
  client.on('message', (_channel: string, payload: string) => heard.push(payload));
  await client.subscribe(to);
  return heard;
}

describe.skipIf(missing('redis-server'))('what a worker has to say while Redis is away (needs redis-server)', () => {
  /** Messages over a connection of their own, to be resumed by the test. */
  async function messagesOf(redis: RedisServer, options: { most?: number } = {}) {
    const written: { msg: string; [field: string]: unknown }[] = [];
    const log = createLog('test', 'DEBUG', { write: line => written.push(JSON.parse(line)) });
    const connection = connectRedis(settings(redis), { log, name: 'messages' });
    await connection.ready();
    let time = 1000;
    const messages = createBusMessages({ redis: connection, log, now: () => time, ...options });
    return {
      ...messages,
      /** Lines of the log that say something. */
      lines: (words: string) => written.filter(({ msg }) => msg.includes(words)),
      connection,
      pass(seconds: number) {
        time += seconds;
      },
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    };
  }

  it('is said afterwards in its order, before what comes later', async () => {
    await using redis = await startRedis();
    await using messages = await messagesOf(redis);
    await redis.kill();
    await until('the loss', () => !messages.connection.connected);
    for (const n of [1, 2, 3]) messages.tell('ends', `${n}`, `c${n}`);
    messages.answer('a', 'answer 1');
    messages.withdraw('c2');
    await redis.restart();
    const heard = await listen(redis, 'ends');
    await messages.connection.ready();
    messages.tell('ends', '4', 'c4');
    messages.resume();
    messages.tell('ends', '5', 'c5');
    await until('what was said', () => heard.length === 4);
    expect(heard).toEqual(['1', '3', '4', '5']);
    expect(await redis.client().lrange('a', 0, -1)).toEqual(['answer 1']);
    expect(await redis.client().ttl('a')).toBeGreaterThan(290);
    messages.end();
    expect(messages.lines('were never told')).toEqual([]);
  });

  it('is dropped from the oldest on beyond the limit, and answers when they are of no use, which is counted and logged', async () => {
    await using redis = await startRedis();
    await using messages = await messagesOf(redis, { most: 3 });
    await redis.kill();
    await until('the loss', () => !messages.connection.connected);
    messages.answer('a', 'dropped');
    messages.answer('b', 'too late');
    messages.pass(300);
    for (const n of [1, 2]) messages.tell('ends', `${n}`, `c${n}`);
    await redis.restart();
    const heard = await listen(redis, 'ends');
    await messages.connection.ready();
    messages.resume();
    await until('what was said', () => heard.length === 2);
    expect(heard).toEqual(['1', '2']);
    expect(await redis.client().exists('a', 'b')).toBe(0);
    expect(messages.lines('too many messages wait for Redis')).toMatchObject([{ most: 3 }]);
    expect(messages.lines('tells what could not be told')).toMatchObject([{ messages: 2, late: 1, dropped: 1 }]);
    await redis.kill();
    await until('the loss', () => !messages.connection.connected);
    messages.tell('ends', '6', 'c6');
    messages.end();
    expect(messages.lines('were never told')).toMatchObject([{ messages: 1, dropped: 0 }]);
  });

  it('is said when Redis goes on that stood still; an answer that came through before is not doubled', async () => {
    await using redis = await startRedis();
    await using messages = await messagesOf(redis);
    const heard = await listen(redis, 'ends');
    redis.pause();
    messages.answer('a', 'an answer');
    messages.tell('ends', '1', 'c1');
    messages.tell('ends', 'withdrawn', 'c2');
    messages.withdraw('c2');
    await until('the loss', () => !messages.connection.connected, 15);
    redis.resume();
    await messages.connection.ready();
    messages.resume();
    await until('the answer', async () => (await redis.client().ttl('a')) > 290);
    await until('the end', () => heard.length > 0);
    messages.tell('ends', '2', 'c2');
    await until('the last', () => heard.includes('2'));
    expect(heard.filter(each => each === '1').length).toBeGreaterThanOrEqual(1);
    expect(heard.filter(each => each === 'withdrawn').length).toBeLessThanOrEqual(1);
    expect(await redis.client().lrange('a', 0, -1)).toEqual(['an answer']);
  });

  it('and that Redis refuses is logged, and holds up nothing', async () => {
    await using redis = await startRedis();
    await using messages = await messagesOf(redis);
    const heard = await listen(redis, 'ends');
    await redis.client().set('a', 'no list');
    messages.answer('a', 'an answer');
    messages.tell('ends', '1', 'c1');
    await until('the end', () => heard.length === 1);
    await until('the log', () => messages.lines('refuses a message').length === 1);
    expect(messages.lines('refuses a message')).toMatchObject([{ about: 'a', reason: expect.stringMatching(/^WRONGTYPE/) }]);
    expect(await redis.client().get('a')).toBe('no list');
  });
});

describe.skipIf(missing('redis-server'))('a workload that ends while Redis is away (needs redis-server)', () => {
  /** A worker with a client whose requests the target holds until they are let go. */
  async function underWay(redis: RedisServer, resources: AsyncDisposableStack) {
    const held: (() => void)[] = [];
    const upstream = resources.use(await startUpstream((_request, response) => void held.push(() => response.end())));
    const proxy = resources.use(await startFaultProxy(redis.address));
    const worker = resources.use(
      await startWorker({
        galileo_bus: 'redis',
        galileo_redis_host: redis.host,
        galileo_redis_port: String(proxy.port),
        galileo_router_type: 'StaticRouter',
        galileo_router_static_host: `http://${upstream.address}`,
      }),
    );
    const client = redis.client();
    await until('the registration', async () => (await client.sismember('galileo:workers', 'w')) === 1);
    const { name, channel: to } = createClients('w');
    const args = [['w', ['svc', null, null, null], 1]];
    await client.publish(to, JSON.stringify({ __obj: [name, '__rpc_made', args, {}], __type: 'pymq.core.RpcRequest' }));
    const [, answer] = (await client.brpop(rpcResponseKey('__rpc_made'), 3))!;
    const [[id]] = (JSON.parse(answer) as { __obj: [string, [[string]]] }).__obj[1];
    const command = { __obj: [id, 2, 'constant', [0.001]], __type: 'galileo.worker.api.SetWorkloadCommand' };
    await client.publish(channel('SetWorkloadCommand'), JSON.stringify(command));
    await until('two requests at the target', () => held.length === 2);
    const finish = async () => {
      for (const end of held.splice(0)) end();
      const ended = async () => (await worker.rpc.listClients({})).clients[0]!;
      await until('the end of the workload', async () => !(await ended()).busy);
    };
    const event = `{"__obj": ["${id}"], "__type": "galileo.worker.api.WorkloadDoneEvent"}`;
    return { worker, client, proxy, finish, event };
  }

  it('is told to a controller that waits, once Redis was killed and is back, after the worker is registered again', async () => {
    await using resources = new AsyncDisposableStack();
    const redis = resources.use(await startRedis());
    const { client, proxy, finish, event } = await underWay(redis, resources);
    await redis.kill();
    await proxy.cut();
    await finish();
    await redis.restart();
    const controller = redis.client();
    const heard: string[] = [];
    controller.on('message', (from: string, payload: string) => heard.push(from, payload));
    await controller.subscribe(channel('WorkloadDoneEvent'), channel('RegisterWorkerEvent'));
    // From here on nothing can be missed.
    await proxy.heal();
    await until('the end', () => heard.includes(event));
    const registered = '{"__obj": ["w"], "__type": "galileo.worker.api.RegisterWorkerEvent"}';
    expect(heard).toEqual([channel('RegisterWorkerEvent'), registered, channel('WorkloadDoneEvent'), event]);
    expect(await client.smembers('galileo:workers')).toEqual(['w']);
  });

  it('is told when a Redis goes on that stood still', async () => {
    await using resources = new AsyncDisposableStack();
    const redis = resources.use(await startRedis());
    const { worker, finish, event } = await underWay(redis, resources);
    const heard = await listen(redis, channel('WorkloadDoneEvent'));
    redis.pause();
    await finish();
    // Long enough for the worker to give the connection up.
    await until(
      'health to turn',
      () =>
        waitForServing(worker.address, 0.1).then(
          () => false,
          () => true,
        ),
      15,
    );
    redis.resume();
    await until('the end', () => heard.includes(event));
  });

  it('is not told any more when its client gets another one: it would be taken for the end of that', async () => {
    await using redis = await startRedis();
    await using connection = connectRedis(settings(redis), { log: silentLog, name: 'messages' });
    await connection.ready();
    const client = { id: 'w:svc:0', n: 0, service: 'svc', token: '0', fault: undefined };
    const generator = { client: () => client, start: async () => ({ at: 0 }), stop() {} };
    const messages = createBusMessages({ redis: connection, log: silentLog, now: () => 0 });
    const workloads = createBusWorkloads({ redis: connection, messages, generator, log: silentLog });
    await redis.kill();
    await until('the loss', () => !connection.connected);
    const nothing = { clientId: client.id, num: 0, distribution: 'constant', parameters: null };
    for (let i = 0; i < 3; i++) workloads.set(nothing);
    await redis.restart();
    const heard = await listen(redis, channel('WorkloadDoneEvent'));
    await connection.ready();
    messages.resume();
    messages.tell(channel('WorkloadDoneEvent'), 'last', 'x');
    await until('the last', () => heard.includes('last'));
    expect(heard).toEqual([`{"__obj": ["${client.id}"], "__type": "galileo.worker.api.WorkloadDoneEvent"}`, 'last']);
  });

  it('leaves calls that came meanwhile over the other connection answered', async () => {
    await using resources = new AsyncDisposableStack();
    const redis = resources.use(await startRedis());
    const { client } = await underWay(redis, resources);
    for (let i = 0; i < 5; i++) {
      const list = (await client.client('LIST')) as string;
      const id = /id=(\d+) [^\n]* name=worker /.exec(list)?.[1];
      if (id !== undefined) await client.client('KILL', 'ID', id);
      const call = { __obj: [pingWorkers.name, `__rpc_${i}`, [], {}], __type: 'pymq.core.RpcRequest' };
      expect(await client.publish(pingWorkers.channel, JSON.stringify(call))).toBe(1);
      const answer = await client.brpop(rpcResponseKey(`__rpc_${i}`), 5);
      expect((JSON.parse(answer![1]) as { __obj: unknown[] }).__obj[1]).toBe('w');
      expect(await client.exists(rpcResponseKey(`__rpc_${i}`))).toBe(0);
    }
  });
});
