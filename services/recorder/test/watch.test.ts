import { join } from 'node:path';
import { type RecordCounters, RecordKind, type WatchRecordingResponse } from '@galileo/proto/recorder';
import { temporaryDirectory, until } from '@galileo/testkit';
import { ClientError } from 'nice-grpc';
import { expect, test } from 'vitest';
import { balance, launchProducer, launchRecorder } from './harness.ts';

type Recorder = Awaited<ReturnType<typeof launchRecorder>>;

/** Watches a recording to its end. `seen` grows meanwhile. */
function watch({ client }: Recorder, experimentId: string, interval = 0.1) {
  const seen: WatchRecordingResponse[] = [];
  const ended = (async () => {
    for await (const message of client.watchRecording({ experimentId, interval })) seen.push(message);
  })();
  ended.catch(() => {});
  return { seen, ended };
}

const counterOf = (message: WatchRecordingResponse | undefined, kind: RecordKind): RecordCounters | undefined =>
  message?.counters.find(counter => counter.kind === kind);

test('the counters grow to what the ledger says, which comes with the last message', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  await using one = await launchProducer({ recorder: recorder.address });
  await using two = await launchProducer({ recorder: recorder.address, node: 'node-b' });
  await recorder.start('exp');
  const { seen, ended } = watch(recorder, 'exp');
  await until('the first message is there', () => seen.length > 0);
  expect(seen[0]).toMatchObject({ producers: 2, connectedProducers: 2, finalProducers: 0, closing: false, ended: false });
  expect(seen[0]!.counters.map(({ kind, produced, stored }) => [kind, produced, stored])).toEqual([
    [RecordKind.TRACE, 0, 0],
    [RecordKind.TELEMETRY, 0, 0],
    [RecordKind.EVENT, 0, 0],
  ]);
  for (let i = 0; i < 2500; i++) one.trace();
  for (let i = 0; i < 700; i++) two.sample(i);
  two.sample(Number.NaN);
  two.event();
  await until('everything is stored', () => {
    const last = seen.at(-1);
    return counterOf(last, RecordKind.TRACE)?.stored === 2500 && counterOf(last, RecordKind.TELEMETRY)?.stored === 700;
  });
  await until('the dead letter is counted', () => counterOf(seen.at(-1), RecordKind.TELEMETRY)?.rejected === 1);
  const ledger = await recorder.stop('exp');
  await ended;
  const last = seen.at(-1)!;
  expect(last).toMatchObject({ ended: true, closing: true });
  expect(last.ledger).toEqual(ledger);
  expect(last.counters.map(({ rate, ...counter }) => counter)).toEqual(ledger.entries.map(({ unsettled, ...entry }) => entry));
  expect(seen.filter(message => message.ended)).toHaveLength(1);
  expect(seen.some(message => (counterOf(message, RecordKind.TRACE)?.rate ?? 0) > 0)).toBe(true);
  for (const { counters, ended: over, ledger: early, at, start } of seen) {
    expect(at).toBeGreaterThanOrEqual(start);
    if (!over) expect(early).toBeUndefined();
    for (const { produced, stored, rejected, lost, rate } of counters) {
      expect(stored).toBeGreaterThanOrEqual(0);
      expect(stored + rejected + lost).toBeLessThanOrEqual(produced);
      expect(rate).toBeGreaterThanOrEqual(0);
    }
  }
});

test('what is produced shows before it is stored, and producers that give their final figures are counted', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const finish = Promise.withResolvers<void>();
  await using slow = await launchProducer({ recorder: recorder.address, settle: () => finish.promise });
  await using quick = await launchProducer({ recorder: recorder.address, node: 'node-b' });
  await recorder.start('exp', { kinds: [RecordKind.TRACE] });
  slow.trace();
  quick.trace();
  const { seen, ended } = watch(recorder, 'exp');
  const stopping = recorder.stop('exp');
  await until('one of two is final', () => seen.at(-1)?.finalProducers === 1);
  expect(seen.at(-1)).toMatchObject({ closing: true, ended: false, producers: 2 });
  expect(seen.at(-1)!.counters.map(({ kind }) => kind)).toEqual([RecordKind.TRACE]);
  finish.resolve();
  expect(balance(await stopping, 'TRACE')).toEqual([2, 2, 0, 0]);
  await ended;
});

test('several may watch, one that goes away disturbs nobody, and one that comes late gets the ledger at once', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  await using producer = await launchProducer({ recorder: recorder.address });
  await recorder.start('exp');
  producer.trace();
  const [stays, other] = [watch(recorder, 'exp', 60), watch(recorder, 'exp')];
  const controller = new AbortController();
  const goes = recorder.client.watchRecording({ experimentId: 'exp' }, { signal: controller.signal });
  await goes[Symbol.asyncIterator]().next();
  controller.abort();
  await until('both watch', () => stays.seen.length === 1 && other.seen.length > 1);
  const ledger = await recorder.stop('exp');
  // The end is told when it comes, however long the interval is.
  await Promise.all([stays.ended, other.ended]);
  expect(stays.seen.map(message => message.ended)).toEqual([false, true]);
  const late = watch(recorder, 'exp');
  await late.ended;
  expect(late.seen.map(message => message.ledger)).toEqual([ledger]);
});

test('the counters go on where they were after a restart', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  const first = await launchRecorder({ sqlitePath });
  await using producer = await launchProducer({ recorder: first.address });
  await first.start('exp');
  for (let i = 0; i < 30; i++) producer.trace();
  await producer.publisher.flush();
  const before = watch(first, 'exp');
  await until('all is stored', () => counterOf(before.seen.at(-1), RecordKind.TRACE)?.stored === 30);
  await first[Symbol.asyncDispose]();
  await expect(before.ended).rejects.toThrow(ClientError);
  await using second = await launchRecorder({ sqlitePath, listen: first.address });
  const { seen } = watch(second, 'exp');
  await until('there is a message', () => seen.length > 0);
  expect(counterOf(seen[0], RecordKind.TRACE)).toMatchObject({ produced: 30, stored: 30 });
  for (let i = 0; i < 5; i++) producer.trace();
  await until('the rest is stored', () => counterOf(seen.at(-1), RecordKind.TRACE)?.stored === 35);
  expect(balance(await second.stop('exp'), 'TRACE')).toEqual([35, 35, 0, 0]);
});

test('an interval is kept to', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  await recorder.start('exp');
  const { seen } = watch(recorder, 'exp', 0.2);
  await until('there are four messages', () => seen.length === 4);
  const spans = seen.slice(1).map(({ at }, i) => at - seen[i]!.at);
  for (const span of spans) expect(span).toBeGreaterThan(0.19);
  await recorder.stop('exp');
});
