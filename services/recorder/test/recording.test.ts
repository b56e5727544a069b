import { join } from 'node:path';
import { RecordKind } from '@galileo/proto/recorder';
import { temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { balance, launchProducer, launchRecorder, sql } from './harness.ts';

test('what two producers produce is stored, and the ledger balances', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'data', 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  await using one = await launchProducer({ recorder: recorder.address });
  await using two = await launchProducer({ recorder: recorder.address, node: 'node-b' });
  one.trace();
  one.sample();
  const { producers, start } = await recorder.start('exp');
  expect(producers.toSorted()).toEqual([one.id, two.id].toSorted());
  for (let i = 0; i < 1200; i++) one.trace();
  one.producer.unrecorded(one.token, one.next());
  for (let i = 0; i < 300; i++) two.sample(i);
  two.event();
  two.event('e', null);
  const open = await recorder.client.getRecording({ experimentId: 'exp' });
  expect(open).toMatchObject({ end: 0, ledger: { final: false, mismatches: [] } });
  const ledger = await recorder.stop('exp');
  one.trace();
  expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
  expect(balance(ledger, 'TRACE')).toEqual([1200, 1200, 0, 0]);
  expect(balance(ledger, 'TELEMETRY')).toEqual([300, 300, 0, 0]);
  expect(balance(ledger, 'EVENT')).toEqual([2, 2, 0, 0]);
  expect(await recorder.stop('exp')).toEqual(ledger);
  const ended = await recorder.client.getRecording({ experimentId: 'exp' });
  expect(ended.end).toBeGreaterThan(start);
  expect(ended.ledger).toEqual(ledger);
  expect(sql(sqlitePath, 'SELECT COUNT(*) AS n, MIN(HEADERS) AS headers, MIN(EXP_ID) AS id FROM traces')).toEqual([
    { n: 1200, headers: '{"Server": "test"}', id: 'exp' },
  ]);
  expect(sql(sqlitePath, 'SELECT STATUS, END > START AS ended FROM experiments')).toEqual([{ STATUS: 'FINISHED', ended: 1 }]);
});

test('what can’t be stored is a dead letter, and balances the ledger', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  await using producer = await launchProducer({ recorder: recorder.address });
  await recorder.start('exp');
  producer.sample(Number.NaN);
  producer.sample(Number.POSITIVE_INFINITY);
  producer.sample(1);
  producer.trace({ sent: Number.NaN });
  producer.trace({ created: Number.NaN });
  producer.trace();
  producer.event();
  producer.publisher.publish('event', 'galileo/events', 'garbage');
  producer.publisher.publish('event', 'no/such/channel', 'garbage');
  const ledger = await recorder.stop('exp');
  expect(balance(ledger, 'TELEMETRY')).toEqual([3, 1, 2, 0]);
  expect(balance(ledger, 'TRACE')).toEqual([3, 1, 2, 0]);
  // Nobody has counted the garbage as produced, and that is said.
  expect(balance(ledger, 'EVENT')).toEqual([1, 1, 1, 0]);
  expect(ledger.mismatches).toEqual(['events: 1 produced, 1 stored, 1 rejected, 0 lost: 1 too many']);
  const reasons = sql(sqlitePath, 'SELECT REASON, COUNT(*) AS n FROM dead_letters GROUP BY REASON ORDER BY REASON');
  expect(reasons).toEqual([
    { REASON: 'created is not finite', n: 1 },
    { REASON: 'fewer than two tokens', n: 1 },
    { REASON: 'sent is not finite', n: 1 },
    { REASON: 'value is not finite', n: 2 },
  ]);
});

test('recordings overlap, each with its own filter', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  await using one = await launchProducer({ recorder: recorder.address });
  await using two = await launchProducer({ recorder: recorder.address, node: 'node-b' });
  const produce = () => {
    for (const producer of [one, two]) {
      producer.trace();
      producer.sample();
      producer.event();
    }
  };
  await recorder.start('all');
  produce();
  await recorder.start('node-b', { nodes: ['node-b'] });
  await recorder.start('traces', { kinds: [RecordKind.TRACE], clients: [one.clientId] });
  produce();
  const nodeB = await recorder.stop('node-b');
  produce();
  const all = await recorder.stop('all');
  produce();
  const traces = await recorder.stop('traces');
  for (const ledger of [all, nodeB, traces]) expect(ledger).toMatchObject({ final: true, mismatches: [] });
  expect([balance(all, 'TRACE'), balance(all, 'TELEMETRY'), balance(all, 'EVENT')]).toEqual([
    [6, 6, 0, 0],
    [6, 6, 0, 0],
    [6, 6, 0, 0],
  ]);
  expect([balance(nodeB, 'TRACE'), balance(nodeB, 'TELEMETRY')]).toEqual([
    [2, 2, 0, 0],
    [1, 1, 0, 0],
  ]);
  expect(traces.entries).toEqual([
    { kind: RecordKind.TRACE, produced: 3, stored: 3, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
  ]);
});

test('requests in flight at the end belong to the recording, later ones do not', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const finish = Promise.withResolvers<void>();
  let closedAt = 0;
  await using producer = await launchProducer({
    recorder: recorder.address,
    settle(to) {
      closedAt = to;
      return finish.promise;
    },
  });
  await recorder.start('exp');
  producer.trace();
  const stopping = recorder.stop('exp');
  await until('the producer settles', () => closedAt > 0);
  producer.trace({ created: closedAt - 0.001 });
  producer.trace({ created: closedAt });
  finish.resolve();
  const ledger = await stopping;
  expect(balance(ledger, 'TRACE')).toEqual([2, 2, 0, 0]);
  expect(ledger.mismatches).toEqual([]);
});

test('a producer that comes later takes part, and one that ends in order has given its figures', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  expect((await recorder.start('exp')).producers).toEqual([]);
  {
    await using producer = await launchProducer({ recorder: recorder.address });
    for (let i = 0; i < 10; i++) producer.trace();
  }
  const ledger = await recorder.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([10, 10, 0, 0]);
});

test('clock estimates of producers are stored beside the records', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  await using producer = await launchProducer({ recorder: recorder.address });
  await recorder.start('exp');
  await until('an estimate is stored', () => sql(sqlitePath, 'SELECT * FROM clock_offsets').length > 0);
  const [row] = sql(sqlitePath, 'SELECT PRODUCER, OFFSET, UNCERTAINTY FROM clock_offsets');
  expect(row!['PRODUCER']).toBe(producer.id);
  // One clock on both ends: the offset is what the uncertainty says, no more.
  expect(Math.abs(row!['OFFSET'] as number)).toBeLessThanOrEqual((row!['UNCERTAINTY'] as number) + 1e-6);
  await recorder.stop('exp');
});
