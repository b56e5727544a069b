import { readFile } from 'node:fs/promises';
import { discover } from '@galileo/bus';
import { connectRedis } from '@galileo/bus/connect-redis';
import { LoadClientDefinition } from '@galileo/proto/client';
import { connect, waitForServing } from '@galileo/service';
import { missing, type RedisServer, silentLog, startRedis, startService, startUpstream, until } from '@galileo/testkit';
import { pingWorkers } from '@galileo/wire';
import { describe, expect, it } from 'vitest';
import { startRecorderDouble } from './recorder-double.ts';

const environmentOf = (redis: { host: string; port: number }, recorder: string) => ({
  galileo_grpc_listen: '127.0.0.1:0',
  galileo_worker_name: 'w',
  galileo_recorder: recorder,
  galileo_redis_host: redis.host,
  galileo_redis_port: String(redis.port),
});

/** Runs `during`, then ends the worker by SIGTERM: within the limit, with 0. */
async function ends(worker: Awaited<ReturnType<typeof startService>>): Promise<void> {
  const began = performance.now();
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(10_000);
}

/** Starts a worker that sends 100 requests per second, and waits until they arrive. */
async function underLoad(redis: RedisServer, recorder: string, upstream: { address: string }, seen: () => number) {
  const client = redis.client();
  await client.sadd('routing:services', 'pi');
  await client.rpush('routing:hosts:pi', upstream.address);
  await client.rpush('routing:weights:pi', '1');
  const worker = await startService('client', environmentOf(redis, recorder));
  const { grpc } = await worker.ready();
  await waitForServing(grpc!, 20);
  using connection = connect(LoadClientDefinition, grpc!);
  const { clients } = await connection.client.createClients({ service: 'pi', count: 1 });
  const process = { $case: 'distribution' as const, value: { name: 'constant', parameters: [0.01] } };
  await connection.client.setWorkload({ clientId: clients[0]!.clientId, arrival: { process }, seed: 1, duration: 600 });
  await until('requests at the target', () => seen() > 10);
  await client.del('routing:services', 'routing:hosts:pi', 'routing:weights:pi');
  return worker;
}

describe.skipIf(missing('redis-server'))(
  'SIGTERM ends a worker with 0, and nothing stays registered (needs redis-server)',
  () => {
    it('while it waits for its recorder, where it is registered already for those who need none', async () => {
      await using redis = await startRedis();
      await using worker = await startService('client', environmentOf(redis, '127.0.0.1:1'));
      await worker.ready();
      await until('the registration', async () => (await redis.client().scard('galileo:workers')) === 1);
      await ends(worker);
      expect(await redis.client().keys('*')).toEqual([]);
    });

    it('while it waits for Redis', async () => {
      await using recorder = await startRecorderDouble();
      await using worker = await startService('client', environmentOf({ host: '127.0.0.1', port: 1 }, recorder.address));
      await worker.line('waiting for the routes in Redis');
      await ends(worker);
      expect(worker.output()).not.toContain('"msg":"ready"');
    });

    it('in the middle of a load', async () => {
      await using recorder = await startRecorderDouble();
      let seen = 0;
      await using upstream = await startUpstream((_request, response) => {
        seen++;
        response.end();
      });
      await using redis = await startRedis();
      await using worker = await underLoad(redis, recorder.address, upstream, () => seen);
      await ends(worker);
      expect(await redis.client().keys('*')).toEqual([]);
    });

    it.each(['is down', 'stands still'])('in the middle of a load while Redis %s', async what => {
      await using recorder = await startRecorderDouble();
      let seen = 0;
      await using upstream = await startUpstream((_request, response) => {
        seen++;
        response.end();
      });
      await using redis = await startRedis();
      await using worker = await underLoad(redis, recorder.address, upstream, () => seen);
      if (what === 'is down') {
        await redis.kill();
        await worker.line('no connection to Redis; trying again');
      } else redis.pause();
      await ends(worker);
      const stays = worker.log().filter(({ msg }) => msg.includes('registration of this worker stays behind'));
      expect(stays).toHaveLength(1);
      redis.resume();
    });

    it('and one that was killed is cleared up after by its successor', async () => {
      await using recorder = await startRecorderDouble();
      let seen = 0;
      await using upstream = await startUpstream((_request, response) => {
        seen++;
        response.end();
      });
      await using redis = await startRedis();
      const client = redis.client();
      await using killed = await underLoad(redis, recorder.address, upstream, () => seen);
      await killed.kill('SIGKILL');
      expect(await client.smembers('galileo:worker:w:clients')).toEqual(['w:pi:0']);
      await using worker = await startService('client', environmentOf(redis, recorder.address));
      await worker.ready();
      await until(
        'the clients are gone',
        async () => (await client.exists('galileo:worker:w:clients', 'galileo:client:w:pi:0')) === 0,
      );
      expect(await client.smembers('galileo:workers')).toEqual(['w']);
      await ends(worker);
      expect((await client.keys('*')).filter(key => !key.startsWith('galileo:service:'))).toEqual([]);
    });

    it('and one that was killed leaves no process, is noticed by its announcement, and is replaced exactly', {
      timeout: 60_000,
    }, async () => {
      await using recorder = await startRecorderDouble();
      let seen = 0;
      await using upstream = await startUpstream((_request, response) => {
        seen++;
        response.end();
      });
      await using redis = await startRedis();
      const client = redis.client();
      await using finder = connectRedis({ host: redis.host, port: redis.port }, { log: silentLog, name: 'finder' });
      await finder.ready();
      // What others have in Redis, by names that are much like the worker's.
      await client.sadd('galileo:workers', 'ww');
      await client.sadd('galileo:worker:ww:clients', 'ww:pi:0');
      await client.set('galileo:client:ww:pi:0', '[]');
      const others = ['galileo:worker:ww:clients', 'galileo:client:ww:pi:0'];

      await using killed = await underLoad(redis, recorder.address, upstream, () => seen);
      const { grpc: address } = await killed.ready();
      expect(await discover(finder, 'client')).toEqual([{ name: 'w', address }]);
      expect(await readFile(`/proc/${killed.pid}/task/${killed.pid}/children`, 'utf8')).toBe('');
      await killed.kill('SIGKILL');
      const requests = seen;
      await until('nobody to listen', async () => {
        const [, listeners] = (await client.pubsub('NUMSUB', pingWorkers.channel)) as [string, number];
        return listeners === 0;
      });
      expect(await client.smembers('galileo:workers')).toContain('w');
      expect(await client.ttl('galileo:service:client:w')).toBeGreaterThan(0);
      expect(await client.ttl('galileo:service:client:w')).toBeLessThanOrEqual(15);

      await client.hset('w', 'galileo_group', 'of the predecessor');
      await using worker = await startService('client', { ...environmentOf(redis, recorder.address), galileo_zone: 'new' });
      const successor = (await worker.ready())['grpc']!;
      await until('its registration', async () => (await client.hget('w', 'galileo_zone')) === 'new');
      const keys = ['galileo:service:client:w', 'galileo:workers', 'w', ...others];
      expect((await client.keys('*')).toSorted()).toEqual(keys.toSorted());
      expect(await client.hgetall('w')).toEqual({
        galileo_worker_name: 'w',
        galileo_zone: 'new',
        galileo_grpc_listen: '127.0.0.1:0',
        galileo_recorder: recorder.address,
      });
      // The predecessor may only be cut off: its address is given up when it has not been renewed for 15 s.
      await until('the predecessor to be gone', async () => (await discover(finder, 'client'))[0]?.address === successor, 30);
      expect(seen).toBe(requests);
      await ends(worker);
      expect((await client.keys('*')).toSorted()).toEqual([...others, 'galileo:workers'].toSorted());
      expect(await client.smembers('galileo:workers')).toEqual(['ww']);
    });
  },
);
