import { join } from 'node:path';
import type { Publisher } from '@galileo/bus';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { balance, launchProducer, launchRecorder, sql } from './harness.ts';

/** A publisher that loses some lines without telling. */
function losing(publisher: Publisher, loses: (channel: string, line: string) => boolean): Publisher {
  return {
    ...publisher,
    lost: publisher.lost,
    publish(kind, channel, line) {
      if (!loses(channel, line)) publisher.publish(kind, channel, line);
    },
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
}

test('rows that are deleted behind the back are named, though they had been stored', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  await using producer = await launchProducer({ recorder: recorder.address });
  await recorder.start('exp');
  for (let i = 0; i < 20; i++) producer.trace();
  for (let i = 0; i < 10; i++) producer.sample();
  producer.event();
  await producer.publisher.flush();
  sql(sqlitePath, `DELETE FROM traces WHERE REQUEST_ID IN ('${producer.token}:7', '${producer.token}:8')`);
  sql(sqlitePath, 'DELETE FROM telemetry WHERE rowid = (SELECT MIN(rowid) FROM telemetry)');
  sql(sqlitePath, 'DELETE FROM events');
  const ledger = await recorder.stop('exp');
  expect(balance(ledger, 'TRACE')).toEqual([20, 18, 0, 0]);
  expect(ledger.final).toBe(true);
  expect(ledger.mismatches).toEqual([
    'traces: 20 produced, 18 stored, 0 rejected, 0 lost: 2 missing',
    'telemetry: 10 produced, 9 stored, 0 rejected, 0 lost: 1 missing',
    'events: 1 produced, 0 stored, 0 rejected, 0 lost: 1 missing',
    'traces of client node-a:pi:0: 18 rows in the store, 20 were written: counters 7-8 are gone',
    'telemetry of node-a: 9 rows in the store, 10 were written',
    expect.stringMatching(/^telemetry of node-a, 5 s from \d\d:\d\d:\d[05]Z: \d+ rows in the store, \d+ were written$/),
    'events: 0 rows in the store, 1 were written',
  ]);
});

test('records that vanish on the way are counted as lost and named', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  await using producer = await launchProducer({
    recorder: recorder.address,
    wrap: publisher => losing(publisher, (channel, line) => /^\w+:(17|40|41),/.test(line) || channel === 'telem/node-a/gone/121'),
  });
  await recorder.start('exp');
  for (let i = 0; i < 120; i++) producer.trace();
  producer.sample(1, 'gone');
  producer.sample(1, 'here');
  const ledger = await recorder.stop('exp');
  expect(balance(ledger, 'TRACE')).toEqual([120, 117, 0, 3]);
  expect(balance(ledger, 'TELEMETRY')).toEqual([2, 1, 0, 1]);
  expect(ledger.mismatches).toContain('traces of client node-a:pi:0: 3 of 120 missing: counters 17, 40-41');
  expect(ledger.mismatches).toContainEqual(
    expect.stringMatching(/^telemetry of node-a, 5 s from \d\d:\d\d:\d[05]Z: [01] stored, [12] produced$/),
  );
});

test('what the cap drops is declared lost, exactly', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  const first = await launchRecorder({ sqlitePath });
  const { address } = first;
  await using producer = await launchProducer({ recorder: address, maxBytes: 100_000 });
  await first.start('exp');
  for (let i = 0; i < 50; i++) producer.trace();
  await first[Symbol.asyncDispose]();
  // Half of them belong to nothing that is recorded, and are lost without being anybody's loss.
  for (let i = 0; i < 600; i++) {
    producer.trace();
    producer.trace({ created: 1 });
  }
  const { lost } = producer.publisher;
  expect(lost.trace).toBeGreaterThan(300);
  await using second = await launchRecorder({ sqlitePath, listen: address });
  const ledger = await second.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  const [produced, stored, rejected, declared] = balance(ledger, 'TRACE')!;
  expect(produced).toBe(650);
  expect(rejected).toBe(0);
  expect(declared).toBeGreaterThan(150);
  expect(declared).toBeLessThan(lost.trace);
  expect(stored).toBe(650 - declared!);
});

test('a record that no line can hold is lost by declaration', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  await using producer = await launchProducer({ recorder: recorder.address });
  await recorder.start('exp');
  producer.trace();
  producer.trace({ server: 'a,b' });
  producer.producer.event({ timestamp: Date.now() / 1000, name: 'two words', value: null });
  const ledger = await recorder.stop('exp');
  expect(ledger.mismatches).toEqual([]);
  expect(balance(ledger, 'TRACE')).toEqual([2, 1, 0, 1]);
  expect(balance(ledger, 'EVENT')).toEqual([1, 0, 0, 1]);
});

test('a producer that does not settle in time is named', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const release = Promise.withResolvers<void>();
  const settle = () => release.promise;
  await using producer = await launchProducer({ recorder: recorder.address, settle });
  await recorder.start('exp');
  producer.trace();
  await producer.publisher.flush();
  const ledger = await recorder.stop('exp', 0.5);
  expect(ledger).toMatchObject({ final: false, missingProducers: [producer.id] });
  expect(balance(ledger, 'TRACE')).toEqual([1, 1, 0, 0]);
  // The recorder goes on with others.
  await recorder.start('next');
  release.resolve();
  producer.trace();
  const next = await recorder.stop('next');
  expect(balance(next, 'TRACE')).toEqual([1, 1, 0, 0]);
  expect(next).toMatchObject({ final: true, mismatches: [] });
});
