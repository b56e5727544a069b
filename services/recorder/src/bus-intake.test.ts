import { createDoorbell } from '@galileo/bus';
import { RecordFilter } from '@galileo/proto/recorder';
import { type Book, closeInterval, createBook, openInterval, provisionalLedger } from '@galileo/reconcile';
import { silentLog } from '@galileo/testkit';
import { formatTelemetry, formatTrace, telemetryChannel, traceChannel } from '@galileo/wire';
import { expect, test } from 'vitest';
import { createBusIntake } from './bus-intake.ts';
import { createFigures } from './sink.ts';
import { createSources } from './sources.ts';

/** An intake with one recording, a clock that the test owns, and a committer that only keeps rows. */
function workplace({ grace = 10, maxBytes = 1e6 } = {}) {
  const time = { now: 1000 };
  const clock = { now: () => time.now, deviation: () => 0, reanchor() {} };
  const rows = { telemetry: [], traces: [], events: [], deadLetters: [], clockOffsets: [] };
  const room = { is: true };
  const committer = {
    rows: () => rows,
    added() {},
    touch() {},
    hasRoom: () => room.is,
  };
  const book = createBook('exp', 1000, RecordFilter.fromPartial({}), false);
  const books: Book[] = [book];
  // None of the producers that have gone comes back.
  const sessions = Object.assign(new Map<string, object>(), { isSuperseded: () => true });
  const sources = createSources();
  const figures = createFigures();
  const bell = createDoorbell();
  const intake = createBusIntake({
    books: () => books,
    committer: committer as never,
    sessions: sessions as never,
    elapsed: () => 0,
    ...{ sources, figures, clock, log: silentLog, bell, grace, maxBytes },
  });
  return { time, rows, room, book, books, sessions, sources, figures, bell, intake };
}

const sample = (timestamp: number, node = 'node-a') => ({
  channel: telemetryChannel(node, 'cpu', null),
  line: formatTelemetry(timestamp, 1.5),
});

const trace = (requestId: string, created: number) => ({
  channel: traceChannel,
  line: formatTrace({
    ...{ requestId, client: 'w1:pi:0', service: 'pi', created, sent: created, done: created + 1, status: 200 },
    ...{ server: null, expId: null, headers: null, response: null },
  }),
});

test('a record that comes before its source is held, and filed under its producer once that is known', async () => {
  const { rows, book, sessions, sources, figures, intake } = workplace();
  await using _ = intake;
  sessions.set('client/w1/1', {});
  openInterval(book, 'client/w1/1', 1000);
  intake.take([trace('a:1', 1001)]);
  expect(figures.held).toBe(1);
  expect(rows.traces).toEqual([]);
  sources.add('client/w1/1', 'trace', 'a');
  intake.review();
  expect(figures.held).toBe(0);
  expect(rows.traces).toMatchObject([{ requestId: 'a:1', expId: 'exp' }]);
  expect(book.accounts.get('client/w1/1')!.clients.get('a')!.seen).toEqual([1, 1]);
});

test('a record is held until its producer has said where its interval begins, and where it ends', async () => {
  const { rows, book, sessions, sources, figures, intake } = workplace();
  await using _ = intake;
  sessions.set('telemd/node-a/1', {});
  sources.add('telemd/node-a/1', 'telemetry', 'node-a');
  intake.take([sample(999), sample(1001)]);
  expect(figures.held).toBe(2);
  openInterval(book, 'telemd/node-a/1', 1000);
  intake.review();
  expect(rows.telemetry).toMatchObject([{ timestamp: 1001 }]);
  book.end = 1010;
  intake.review();
  intake.take([sample(1009), sample(1011)]);
  expect(figures.held).toBe(2);
  closeInterval(book, 'telemd/node-a/1', 1010);
  intake.review();
  expect(figures.held).toBe(0);
  expect(rows.telemetry).toMatchObject([{ timestamp: 1001 }, { timestamp: 1009 }]);
});

test('after a restart the account is the one whose interval the record lies in', async () => {
  const { rows, book, sessions, sources, intake } = workplace();
  await using _ = intake;
  sources.add('telemd/node-a/1', 'telemetry', 'node-a');
  openInterval(book, 'telemd/node-a/1', 1000);
  sources.add('telemd/node-a/2', 'telemetry', 'node-a');
  sessions.set('telemd/node-a/2', {});
  openInterval(book, 'telemd/node-a/2', 1005);
  intake.take([sample(1004), sample(1006)]);
  const arrived = (id: string) => book.accounts.get(id)!.telemetry.get('node-a')!.buckets.size;
  expect([arrived('telemd/node-a/1'), arrived('telemd/node-a/2')]).toEqual([1, 1]);
  expect(rows.telemetry).toHaveLength(2);
});

test('what nobody announces within the grace is unverified, counts as produced, and is not held any more', async () => {
  const { time, rows, book, figures, intake } = workplace({ grace: 5 });
  await using _ = intake;
  intake.take([sample(1001, 'go-node'), trace('py:1', 1002)]);
  time.now += 4;
  intake.review();
  expect(figures.held).toBe(2);
  time.now += 2;
  intake.review();
  intake.take([sample(1003, 'go-node')]);
  expect(figures.held).toBe(0);
  expect(rows.telemetry).toHaveLength(2);
  const counts = {
    traces: new Map([['py', 1]]),
    telemetry: new Map([['go-node', 2]]),
    events: 0,
    rejected: new Map(),
  };
  expect(provisionalLedger(book, counts).entries).toMatchObject([
    { produced: 1, stored: 1, unverified: 1 },
    { produced: 2, stored: 2, unverified: 2 },
    { produced: 0, stored: 0, unverified: 0 },
  ]);
});

test('malformed lines balance: they were produced by somebody, and are rejected', async () => {
  const { rows, book, intake } = workplace();
  await using _ = intake;
  intake.take([{ channel: 'telem/node-a/cpu', line: 'x' }]);
  expect(rows.deadLetters).toMatchObject([{ kind: 'telemetry', producer: 'unverified', line: 'x' }]);
  const counts = { traces: new Map(), telemetry: new Map(), events: 0, rejected: new Map([['telemetry' as const, 1]]) };
  expect(provisionalLedger(book, counts).entries[1]).toMatchObject({
    produced: 1,
    stored: 0,
    rejected: 1,
    lost: 0,
    unverified: 1,
  });
});

test('with a slow store records wait in order up to the cap, and beyond it are dropped and counted', async () => {
  const { rows, room, book, bell, sources, figures, intake, sessions } = workplace({ maxBytes: 500 });
  await using _ = intake;
  sources.add('telemd/node-a/1', 'telemetry', 'node-a');
  sessions.set('telemd/node-a/1', {});
  openInterval(book, 'telemd/node-a/1', 1000);
  room.is = false;
  intake.take([sample(1001), sample(1002)]);
  intake.take([sample(1003)]);
  intake.take(Array.from({ length: 20 }, (_, i) => sample(1004 + i)));
  expect(rows.telemetry).toEqual([]);
  expect(figures.overrun).toBe(20);
  room.is = true;
  bell.ring();
  await expect.poll(() => rows.telemetry).toMatchObject([{ timestamp: 1001 }, { timestamp: 1002 }, { timestamp: 1003 }]);
});

test('behind many that are held records wait in order; when there is no more space for them the held are filed as they stand', async () => {
  const { rows, book, sessions, sources, figures, intake } = workplace();
  await using _ = intake;
  sessions.set('telemd/node-a/1', {});
  const batch = (count: number) => Array.from({ length: count }, (_, i) => sample(1001 + i));
  intake.take(batch(20_000));
  intake.take([sample(1001, 'node-b')]);
  expect(figures).toMatchObject({ held: 20_000, overrun: 0 });
  expect(intake.waiting).toBe(1);
  sources.add('telemd/node-a/1', 'telemetry', 'node-a');
  openInterval(book, 'telemd/node-a/1', 1000);
  intake.review();
  await expect.poll(() => [rows.telemetry.length, intake.waiting, figures.held]).toEqual([20_000, 0, 1]);
  expect(book.accounts.get('telemd/node-a/1')!.telemetry.get('node-a')!.buckets.size).toBeGreaterThan(0);

  for (let i = 0; i < 8; i++) intake.take(Array.from({ length: 10_000 }, (_, k) => sample(2001 + k, 'node-c')));
  expect(figures.overrun).toBe(0);
  expect(rows.telemetry.length + figures.held + intake.waiting).toBe(100_001);
  expect(rows.telemetry.length).toBeGreaterThan(20_000);
});

test('without a recording nothing is kept', async () => {
  const { rows, books, figures, intake } = workplace();
  await using _ = intake;
  books.length = 0;
  intake.take([sample(1001), { channel: 'telem/node-a/cpu', line: 'x' }]);
  expect(figures).toMatchObject({ records: 2, held: 0 });
  expect(rows.telemetry).toEqual([]);
});
