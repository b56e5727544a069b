import { join } from 'node:path';
import type { SpoolSettings } from '@galileo/reconcile';
import { startFaultProxy, temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { balance, launchProducer, launchRecorder, sql } from './harness.ts';

test('the recorder is restarted in the middle of two recordings: nothing is lost or stored twice', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  let recorder = await launchRecorder({ sqlitePath });
  const { address } = recorder;
  await using one = await launchProducer({ recorder: address });
  await using two = await launchProducer({ recorder: address, node: 'node-b' });
  await recorder.start('a');
  await recorder.start('b', { nodes: ['node-b'], clients: [two.clientId] });
  let produced = 0;
  const timer = setInterval(() => {
    for (const producer of [one, two]) {
      for (let i = 0; i < 20; i++) producer.trace();
      producer.sample();
      producer.event();
    }
    produced++;
  }, 5);
  for (let restart = 0; restart < 3; restart++) {
    const before = produced;
    await until('something is produced', () => produced > before + 20);
    await recorder[Symbol.asyncDispose]();
    const meanwhile = produced;
    await until('something is produced while the recorder is away', () => produced > meanwhile + 20);
    recorder = await launchRecorder({ sqlitePath, listen: address });
  }
  clearInterval(timer);
  const a = await recorder.stop('a');
  const b = await recorder.stop('b');
  await recorder[Symbol.asyncDispose]();
  for (const ledger of [a, b]) expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
  expect(balance(a, 'TRACE')).toEqual([produced * 40, produced * 40, 0, 0]);
  expect(balance(a, 'TELEMETRY')).toEqual([produced * 2, produced * 2, 0, 0]);
  expect(balance(b, 'TRACE')).toEqual([produced * 20, produced * 20, 0, 0]);
  expect(balance(b, 'TELEMETRY')).toEqual([produced, produced, 0, 0]);
  expect(sql(sqlitePath, 'SELECT COUNT(DISTINCT REQUEST_ID) AS n FROM traces')).toEqual([{ n: produced * 40 }]);
});

test('a recorder that ends while a recording is being closed settles it after its restart', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  const first = await launchRecorder({ sqlitePath });
  const { address } = first;
  const finish = Promise.withResolvers<void>();
  let asked = 0;
  await using producer = await launchProducer({
    recorder: address,
    settle() {
      asked++;
      return finish.promise;
    },
  });
  await first.start('exp');
  for (let i = 0; i < 10; i++) producer.trace();
  const stopping = first.stop('exp').catch((error: Error) => error.message);
  await until('the producer settles', () => asked === 1);
  for (let i = 0; i < 5; i++) producer.trace();
  await first[Symbol.asyncDispose]();
  expect(await stopping).toMatch(/UNAVAILABLE|CANCELLED|nobody listens/);
  for (let i = 0; i < 5; i++) producer.trace();
  await using second = await launchRecorder({ sqlitePath, listen: address });
  finish.resolve();
  const ledger = await second.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([10, 10, 0, 0]);
});

test('a row that vanishes while the recorder is away is named', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  const first = await launchRecorder({ sqlitePath });
  await using producer = await launchProducer({ recorder: first.address });
  await first.start('exp');
  for (let i = 0; i < 10; i++) producer.trace();
  await producer.flush();
  await first[Symbol.asyncDispose]();
  sql(sqlitePath, `DELETE FROM traces WHERE REQUEST_ID = '${producer.token}:3'`);
  await using second = await launchRecorder({ sqlitePath, listen: first.address });
  const ledger = await second.stop('exp');
  expect(ledger.mismatches).toContain('traces of client node-a:pi:0: 9 rows in the store, 10 were written: counters 3 are gone');
});

/** A recorder and a producer that ends while nobody listens, so that it can't say goodbye: ten of its traces are stored. */
async function endUnheard(directory: string, options: { spool?: SpoolSettings; meanwhile?: (producer: Launched) => void } = {}) {
  const sqlitePath = join(directory, 'store.db');
  const first = await launchRecorder({ sqlitePath });
  const { address } = first;
  const dead = await launchProducer({ recorder: address, ...(options.spool && { spool: options.spool }) });
  await first.start('exp');
  for (let i = 0; i < 10; i++) dead.trace();
  await dead.flush();
  await first[Symbol.asyncDispose]();
  options.meanwhile?.(dead);
  await dead[Symbol.asyncDispose]();
  return { dead: dead.id, address, sqlitePath };
}
type Launched = Awaited<ReturnType<typeof launchProducer>>;

test('a producer that died stays in the ledger with what is known of it', async () => {
  await using directory = await temporaryDirectory();
  const { dead, address, sqlitePath } = await endUnheard(directory.path);
  await using second = await launchRecorder({ sqlitePath, listen: address });
  const ledger = await second.stop('exp', 0.3);
  expect(ledger).toMatchObject({ final: false, missingProducers: [dead], mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([10, 10, 0, 0]);
});

test('a producer whose spool is gone is not waited for when its service on its node was started again', async () => {
  await using directory = await temporaryDirectory();
  const { dead, address, sqlitePath } = await endUnheard(directory.path);
  await using second = await launchRecorder({ sqlitePath, listen: address });
  await using again = await launchProducer({ recorder: address });
  for (let i = 0; i < 5; i++) again.trace();
  // The test's own limit is far below this one.
  const ledger = await second.stop('exp', 600);
  expect(ledger).toMatchObject({ final: false, missingProducers: [dead], mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([15, 15, 0, 0]);
});

test('a producer that ended while nobody listened is spoken for by the next one of its spool', async () => {
  await using directory = await temporaryDirectory();
  const spool = { directory: join(directory.path, 'spool'), maxBytes: 1_000_000 };
  const { address, sqlitePath } = await endUnheard(directory.path, {
    spool,
    meanwhile(producer) {
      for (let i = 0; i < 7; i++) {
        producer.trace();
        producer.sample();
        producer.event();
      }
    },
  });
  await using second = await launchRecorder({ sqlitePath, listen: address });
  await using again = await launchProducer({ recorder: address, spool });
  for (let i = 0; i < 5; i++) again.trace();
  const ledger = await second.stop('exp');
  expect(ledger).toMatchObject({ final: true, missingProducers: [], mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([22, 22, 0, 0]);
  expect(balance(ledger, 'TELEMETRY')).toEqual([7, 7, 0, 0]);
  expect(balance(ledger, 'EVENT')).toEqual([7, 7, 0, 0]);
});

test('a recording that was settled without a producer is repaired when that is there again, also after a restart', async () => {
  await using directory = await temporaryDirectory();
  const spool = { directory: join(directory.path, 'spool'), maxBytes: 1_000_000 };
  const { dead, address, sqlitePath } = await endUnheard(directory.path, {
    spool,
    meanwhile(producer) {
      for (let i = 0; i < 7; i++) producer.trace();
    },
  });
  const second = await launchRecorder({ sqlitePath, listen: address });
  expect(await second.stop('exp', 0.3)).toMatchObject({ final: false, missingProducers: [dead] });
  await second[Symbol.asyncDispose]();
  await using third = await launchRecorder({ sqlitePath, listen: address });
  await using _again = await launchProducer({ recorder: address, spool });
  const repaired = await until('the ledger is final', async () => {
    const { ledger } = await third.client.getRecording({ experimentId: 'exp' });
    return ledger?.final ? ledger : undefined;
  });
  expect(repaired).toMatchObject({ missingProducers: [], mismatches: [] });
  expect(balance(repaired, 'TRACE')).toEqual([17, 17, 0, 0]);
  expect(sql(sqlitePath, 'SELECT COUNT(*) AS n FROM traces')).toEqual([{ n: 17 }]);
});

test('requests that were on the way when their client was killed are named beside the sum', async () => {
  await using directory = await temporaryDirectory();
  const spool = { directory: join(directory.path, 'spool'), maxBytes: 1_000_000 };
  await using first = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const proxy = await startFaultProxy(first.address);
  const dead = await launchProducer({ recorder: proxy.address, spool });
  await first.start('exp');
  for (let counter = 1; counter <= 30; counter++) dead.producer.issued(dead.token, counter);
  for (let i = 0; i < 25; i++) dead.trace();
  await dead.flush();
  // It can't say goodbye, so that it ends as if it had been killed.
  await proxy[Symbol.asyncDispose]();
  await dead[Symbol.asyncDispose]();
  await using _again = await launchProducer({ recorder: first.address, spool });
  const ledger = await first.stop('exp');
  expect(ledger).toMatchObject({ final: true, mismatches: [] });
  expect(balance(ledger, 'TRACE')).toEqual([25, 25, 0, 0]);
  expect(ledger.entries.map(entry => entry.unsettled)).toEqual([5, 0, 0]);
});
