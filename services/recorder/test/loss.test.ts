import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Publisher } from '@galileo/bus';
import { temporaryDirectory, until } from '@galileo/testkit';
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
  await producer.flush();
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

/** Loses three traces and a sample. */
const losingFour = (publisher: Publisher) =>
  losing(publisher, (channel, line) => /^\w+:(17|40|41),/.test(line) || channel === 'telem/node-a/gone/121');

function produceFour(producer: Awaited<ReturnType<typeof launchProducer>>): void {
  for (let i = 0; i < 120; i++) producer.trace();
  producer.sample(1, 'gone');
  producer.sample(1, 'here');
}

test('records that vanish on the way are sent again', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  await using producer = await launchProducer({ recorder: recorder.address, wrap: losingFour });
  await recorder.start('exp');
  produceFour(producer);
  const ledger = await recorder.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([120, 120, 0, 0]);
  expect(balance(ledger, 'TELEMETRY')).toEqual([2, 2, 0, 0]);
  expect(sql(sqlitePath, 'SELECT METRIC FROM telemetry ORDER BY METRIC')).toEqual([{ METRIC: 'gone' }, { METRIC: 'here' }]);
});

test('records that vanish on the way and from the spool are lost, exactly', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const spool = { directory: join(directory.path, 'spool'), maxBytes: 4096 };
  await using producer = await launchProducer({ recorder: recorder.address, wrap: losingFour, spool });
  await recorder.start('exp');
  // Of 120 traces of some 150 bytes the cap leaves a few; those that were published are there all the same.
  for (let i = 0; i < 120; i++) {
    producer.trace();
    await turn();
  }
  const ledger = await recorder.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([120, 117, 0, 3]);
});

test('what the cap of the transport drops is sent again from the spool', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  const first = await launchRecorder({ sqlitePath });
  const { address } = first;
  await using producer = await launchProducer({ recorder: address, maxBytes: 100_000 });
  await first.start('exp');
  for (let i = 0; i < 50; i++) producer.trace();
  await first[Symbol.asyncDispose]();
  for (let i = 0; i < 600; i++) {
    producer.trace();
    producer.trace({ created: 1 });
  }
  await until('the cap is reached', () => producer.publisher.lost.trace > 300);
  await using second = await launchRecorder({ sqlitePath, listen: address });
  const ledger = await second.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([650, 650, 0, 0]);
});

test('what the cap of the spool drops while the recorder is away is lost, exactly', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  const first = await launchRecorder({ sqlitePath });
  const { address } = first;
  const spool = { directory: join(directory.path, 'spool'), maxBytes: 40_000 };
  await using producer = await launchProducer({ recorder: address, maxBytes: 20_000, spool });
  await first.start('exp');
  for (let i = 0; i < 50; i++) producer.trace();
  await producer.flush();
  await first[Symbol.asyncDispose]();
  for (let i = 0; i < 600; i++) {
    producer.trace();
    producer.sample();
  }
  await until('the cap is reached', () => producer.publisher.lost.trace > 300);
  await using second = await launchRecorder({ sqlitePath, listen: address });
  const ledger = await second.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  for (const kind of ['TRACE', 'TELEMETRY'] as const) {
    const [produced, stored, rejected, lost] = balance(ledger, kind)!;
    expect(produced).toBe(kind === 'TRACE' ? 650 : 600);
    expect(rejected).toBe(0);
    expect(lost).toBeGreaterThan(100);
    expect(stored).toBe(produced! - lost!);
  }
  expect(sql(sqlitePath, 'SELECT COUNT(*) AS n FROM telemetry')).toEqual([{ n: balance(ledger, 'TELEMETRY')![1] }]);
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
  await producer.flush();
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
