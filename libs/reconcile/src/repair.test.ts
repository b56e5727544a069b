import { Durable, RecordFilter, RecordKind, Statement } from '@galileo/proto/recorder';
import { formatTelemetry, telemetryChannel } from '@galileo/wire';
import { expect, test } from 'vitest';
import { createBook, openInterval } from './book.ts';
import { bookRow, readBook } from './book-state.ts';
import { createFiling, type Sink } from './filing.ts';
import { bucketsToCount, conclude, isComplete, type Question, questionFor, takeDurable } from './repair.ts';
import { applyStatement } from './statements.ts';
import { addToTally, emptyTally, encodeSum } from './tally.ts';
import { telemetryKey } from './telemetry-key.ts';

const begin = 1_700_000_000;
const ignore: Sink = { trace() {}, telemetry() {}, event() {}, deadLetter() {} };
const channel = telemetryChannel('node-a', 'cpu', null);
const lines = Array.from({ length: 10 }, (_, n) => formatTelemetry(begin + n / 10, n));

/** A recording in which a producer has made ten samples in one bucket, of which some have arrived. */
function recorded(arrived: readonly number[]) {
  const book = createBook('e', begin, RecordFilter.fromPartial({}), false);
  const account = openInterval(book, 'telemd/node-a/1', begin);
  const file = (line: string, question?: Question) =>
    createFiling({
      ...{ books: [book], places: () => [{ book, account }], producerId: account.producerId, sink: ignore },
      ...(question && { question }),
    }).file(channel, line);
  for (const n of arrived) file(lines[n]!);
  const tally = emptyTally();
  for (const line of lines) addToTally(tally, channel, telemetryKey(line));
  const bucket = { kind: RecordKind.TELEMETRY, node: 'node-a', begin, version: 1, count: 10, hashSum: encodeSum(tally) };
  const state = (version: number, now: number) =>
    applyStatement(
      book,
      account,
      Statement.fromPartial({ recordingId: 'e', buckets: [{ ...bucket, version }], final: true }),
      now,
    );
  return { book, account, file, state, bucket: () => account.telemetry.get('node-a')!.buckets.get(begin)! };
}

test('what has not arrived a second after it was stated is asked for, whole buckets of samples', () => {
  const { book, account, state } = recorded([0, 1, 2]);
  state(1, 100);
  expect(questionFor(book, account, 100.9)).toBeUndefined();
  expect(questionFor(book, account, 101)?.message).toEqual({
    recordingId: 'e',
    traces: [],
    buckets: [{ kind: RecordKind.TELEMETRY, node: 'node-a', begin }],
  });
});

test('a bucket that was sent again takes the place of what had arrived, and copies that come later are not counted', () => {
  const { book, account, file, state, bucket } = recorded([0, 1, 2]);
  state(1, 100);
  const question = questionFor(book, account, 101)!;
  for (const line of lines) file(line, question);
  file(lines[5]!);
  expect(isComplete(account)).toBe(false);
  conclude(question);
  expect(isComplete(account)).toBe(true);
  for (const line of lines) file(line);
  expect(bucket().seen.count).toBe(10);
  expect(takeDurable(book, account)).toEqual(
    Durable.fromPartial({
      recordingId: 'e',
      buckets: [{ kind: RecordKind.TELEMETRY, node: 'node-a', begin, version: 1 }],
      final: true,
    }),
  );
  expect(takeDurable(book, account)).toBeUndefined();
});

test('of a bucket that can not be sent again whole the store is counted, and it is not asked for again before it changes', () => {
  const { book, account, file, state, bucket } = recorded([0, 1, 2]);
  state(1, 100);
  const question = questionFor(book, account, 101)!;
  for (const line of lines.slice(4)) file(line, question);
  conclude(question);
  expect(bucketsToCount(account)).toEqual([{ node: account.telemetry.get('node-a'), begin }]);
  expect(isComplete(account)).toBe(false);
  const seen = emptyTally();
  for (const n of [0, 1, 2, 4, 5, 6, 7, 8, 9]) addToTally(seen, channel, telemetryKey(lines[n]!));
  Object.assign(bucket(), { seen, dirty: 0 });
  expect(isComplete(account)).toBe(true);
  expect(questionFor(book, account, 1000)).toBeUndefined();
  // A copy of what was missing, or of what was not: only the store knows.
  file(lines[3]!);
  expect(bucketsToCount(account)).toHaveLength(1);
  state(2, 200);
  expect(questionFor(book, account, 201)).toBeDefined();
});

test('traces that are asked for and do not come are lost, by their counters', () => {
  const { book, account } = recorded([]);
  const clients = [
    { clientId: 'w:pi:0', token: 'a', first: 1, settledBelow: 11, produced: 9, unrecorded: [{ first: 4, last: 4 }] },
  ];
  applyStatement(book, account, Statement.fromPartial({ recordingId: 'e', clients, final: true }), 0);
  const question = questionFor(book, account, 1)!;
  expect(question.message.traces).toEqual([
    {
      token: 'a',
      counters: [
        { first: 1, last: 3 },
        { first: 5, last: 10 },
      ],
    },
  ]);
  conclude(question);
  expect(account.clients.get('a')!.unavailable).toEqual([1, 3, 5, 10]);
  expect(isComplete(account)).toBe(true);
});

test('a book that is read back knows what was repaired, given up and archived', () => {
  const { book, account, file, state } = recorded([0, 1, 2]);
  state(1, 100);
  const question = questionFor(book, account, 101)!;
  for (const line of lines) file(line, question);
  conclude(question);
  takeDurable(book, account);
  // A bucket two minutes later sends the first one to the archive.
  file(formatTelemetry(begin + 120, 1));
  applyStatement(book, account, Statement.fromPartial({ recordingId: 'e', final: true }), 300);
  const row = bookRow(book);
  const again = readBook(row);
  const node = again.accounts.get(account.producerId)!.telemetry.get('node-a')!;
  expect([...node.archive.keys(), ...node.buckets.keys()]).toEqual([begin, begin + 120]);
  expect(row.archived).toHaveLength(1);
  expect(bookRow(again)).toEqual({ ...row, archived: [] });
});
