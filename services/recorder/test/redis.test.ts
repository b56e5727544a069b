import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { openRedisPublisher } from '@galileo/bus';
import { missing, type RedisServer, startRedis, temporaryDirectory, until } from '@galileo/testkit';
import { formatTrace, traceChannel } from '@galileo/wire';
import { describe, expect, test } from 'vitest';
import { balance, launchProducer, launchRecorder, sql } from './harness.ts';

/** A recorder that listens to a real Redis, and producers that publish there. */
async function workplace() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const redis = stack.use(await startRedis());
  const sqlitePath = join(directory.path, 'store.db');
  const recorder = stack.use(await launchRecorder({ sqlitePath, redis }));
  return { stack, redis, sqlitePath, recorder, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const launch = (recorder: string, { host, port }: RedisServer, node: string) =>
  launchProducer({ recorder, node, openPublisher: options => openRedisPublisher({ ...options, redis: { host, port } }) });

describe.skipIf(missing('redis-server'))('over Redis (needs redis-server)', () => {
  test('what producers publish in Galileo’s formats is recorded, and the ledger balances', async () => {
    await using place = await workplace();
    const { recorder, redis, sqlitePath } = place;
    await using one = await launch(recorder.address, redis, 'node-a');
    await using other = await launch(recorder.address, redis, 'node-b');
    await recorder.start('exp');
    for (let i = 0; i < 500; i++) {
      one.trace();
      other.trace();
      one.sample();
      other.sample(i, 'proc_cpu');
    }
    one.event();
    other.event('replica_start', null);
    const ledger = await recorder.stop('exp');
    expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
    expect(balance(ledger, 'TRACE')).toEqual([1000, 1000, 0, 0]);
    expect(balance(ledger, 'TELEMETRY')).toEqual([1000, 1000, 0, 0]);
    expect(balance(ledger, 'EVENT')).toEqual([2, 2, 0, 0]);
    expect(ledger.entries.map(entry => entry.unverified)).toEqual([0, 0, 0]);
    expect(sql(sqlitePath, 'SELECT COUNT(*) AS n FROM traces')).toEqual([{ n: 1000 }]);
  });

  test('what belongs to no recording is not stored, and a second recording gets only its own', async () => {
    await using place = await workplace();
    const { recorder, redis } = place;
    await using producer = await launch(recorder.address, redis, 'node-a');
    producer.trace();
    await producer.publisher.flush();
    await recorder.start('first');
    producer.trace();
    producer.sample();
    expect(balance(await recorder.stop('first'), 'TRACE')).toEqual([1, 1, 0, 0]);
    producer.sample();
    await producer.publisher.flush();
    await recorder.start('second');
    producer.trace();
    const second = await recorder.stop('second');
    expect(balance(second, 'TRACE')).toEqual([1, 1, 0, 0]);
    expect(balance(second, 'TELEMETRY')).toEqual([0, 0, 0, 0]);
    expect(second.mismatches).toEqual([]);
  });

  test('records of original parts, which state nothing, are recorded as unverified', async () => {
    await using place = await workplace();
    const { recorder, redis } = place;
    await using producer = await launch(recorder.address, redis, 'node-a');
    const client = redis.client();
    try {
      await recorder.start('exp');
      producer.sample();
      const now = Date.now() / 1000;
      const times = { created: now, sent: now, done: now + 0.1, status: 200 };
      const texts = { server: null, expId: null, headers: null, response: null };
      await client.publish('telem/go-node/cpu', `${now} 12.500000`);
      await client.publish('galileo/events', `${now} pod/create {"name": "pi"}`);
      await client.publish('galileo/events', 'nonsense');
      for (let n = 1; n <= 3; n++) {
        const trace = { requestId: `ed71228650:${n}`, client: 'w9:pi:0', service: 'pi', ...times, ...texts };
        await client.publish(traceChannel, formatTrace(trace));
      }
      const ledger = await recorder.stop('exp');
      expect(ledger).toMatchObject({ final: true, mismatches: [] });
      expect(balance(ledger, 'TRACE')).toEqual([3, 3, 0, 0]);
      expect(balance(ledger, 'TELEMETRY')).toEqual([2, 2, 0, 0]);
      expect(balance(ledger, 'EVENT')).toEqual([2, 1, 1, 0]);
      expect(ledger.entries.map(entry => entry.unverified)).toEqual([3, 1, 2]);
    } finally {
      client.disconnect();
    }
  });

  test('what has arrived and waits for a store that stands still is not taken for lost', async () => {
    await using directory = await temporaryDirectory();
    await using redis = await startRedis();
    const sqlitePath = join(directory.path, 'store.db');
    // So few that most of the records have to wait outside the committer.
    await using recorder = await launchRecorder({ sqlitePath, redis, batchSize: 5 });
    const other = new DatabaseSync(sqlitePath);
    const { host, port } = redis;
    // In the end, when the recorder has asked all producers to close: it waits for nothing but records from then on.
    const settle = async (to: number) => {
      other.exec('BEGIN IMMEDIATE');
      for (let i = 0; i < 5000; i++) producer.trace({ created: to - 0.001 });
    };
    await using producer = await launchProducer({
      ...{ recorder: recorder.address, settle },
      openPublisher: options => openRedisPublisher({ ...options, redis: { host, port } }),
    });
    await recorder.start('exp');
    producer.trace();
    const stopped = recorder.stop('exp', 20);
    await until('the store is locked', () => other.isTransaction);
    // Longer than the recorder waits for records that do not come.
    await setTimeout(2500);
    other.exec('ROLLBACK');
    other.close();
    const ledger = await stopped;
    expect(balance(ledger, 'TRACE')).toEqual([5001, 5001, 0, 0]);
    expect(ledger.mismatches).toEqual([]);
  });

  test('what is published while Redis is down, and what nobody heard, is sent again', async () => {
    await using place = await workplace();
    const { recorder, redis } = place;
    await using producer = await launch(recorder.address, redis, 'node-a');
    await recorder.start('exp');
    for (let i = 0; i < 50; i++) producer.trace();
    await producer.flush();
    await redis.restart();
    for (let i = 0; i < 100; i++) {
      producer.trace();
      producer.sample();
    }
    const ledger = await recorder.stop('exp', 20);
    expect(ledger).toMatchObject({ final: true, mismatches: [] });
    expect(balance(ledger, 'TRACE')).toEqual([150, 150, 0, 0]);
    expect(balance(ledger, 'TELEMETRY')).toEqual([100, 100, 0, 0]);
  });

  test('a recorder that is started before Redis serves only when it hears it, and refuses recordings before', async () => {
    await using directory = await temporaryDirectory();
    const first = await startRedis();
    const { host, port } = first;
    await first[Symbol.asyncDispose]();
    await using recorder = await launchRecorder({
      sqlitePath: join(directory.path, 'store.db'),
      redis: { host, port },
      serving: false,
    });
    await expect(recorder.client.startRecording({ experimentId: 'early', timeout: 0.2 })).rejects.toThrow(
      `Redis at ${host}:${port} is not connected: what is published there would be missed`,
    );
    await using redis = await startRedis({ port });
    await recorder.serving();
    const client = redis.client();
    await until(
      'the recorder is announced',
      async () => (await client.get(`galileo:service:recorder:${hostname()}`)) === recorder.address,
    );
    client.disconnect();
    await recorder.start('exp');
    expect((await recorder.stop('exp')).mismatches).toEqual([]);
  });

  test('a restarted recorder goes on, and gets what was published in between', async () => {
    await using place = await workplace();
    const { recorder, redis, sqlitePath } = place;
    await using producer = await launch(recorder.address, redis, 'node-a');
    await recorder.start('exp');
    for (let i = 0; i < 20; i++) producer.trace();
    await producer.flush();
    await until('all traces are stored', () => sql(sqlitePath, 'SELECT COUNT(*) AS n FROM traces')[0]!['n'] === 20);
    const { address } = recorder;
    await recorder[Symbol.asyncDispose]();
    for (let i = 0; i < 5; i++) producer.trace();
    await producer.flush();
    await using second = await launchRecorder({ sqlitePath, listen: address, redis });
    for (let i = 0; i < 10; i++) producer.trace();
    const ledger = await second.stop('exp');
    expect(balance(ledger, 'TRACE')).toEqual([35, 35, 0, 0]);
    expect(ledger).toMatchObject({ final: true, mismatches: [] });
  });
});
