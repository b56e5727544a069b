import { RecordFilter, RecordKind, Statement } from '@galileo/proto/recorder';
import { formatEvent, formatTelemetry, formatTrace, telemetryChannel, traceChannel } from '@galileo/wire';
import { expect, test } from 'vitest';
import { createBook, openInterval, unverifiedAccount, unverifiedId } from './book.ts';
import { bookRow, readBook } from './book-state.ts';
import { createFiling, placesOf } from './filing.ts';
import { liveFigures } from './live-figures.ts';
import { applyStatement } from './statements.ts';

const noon = Date.UTC(2026, 10, 24, 12) / 1000;
const ignore = { trace() {}, telemetry() {}, event() {}, deadLetter() {} };
const id = 'client/n/1';

const traceLine = (n: number, sent = noon + 1) =>
  formatTrace({
    ...{ requestId: `a:${n}`, client: 'w1:pi:0', service: 'pi', created: noon + 1, sent, done: noon + 2, status: 200 },
    ...{ server: null, expId: null, headers: null, response: null },
  });

/** A recording in which traces 1 to 10 have arrived, the 10th unstorable, and five samples and events of producers that state nothing. */
function openRecording(kinds: RecordKind[] = []) {
  const book = createBook('e', noon, RecordFilter.fromPartial({ kinds }), false);
  const account = openInterval(book, id, noon);
  unverifiedAccount(book);
  const fileOf = (producerId: string) =>
    createFiling({ books: [book], places: () => placesOf([book], producerId), producerId, sink: ignore }).file;
  const file = fileOf(id);
  for (let n = 1; n <= 10; n++) file(traceChannel, traceLine(n, n === 10 ? Number.NaN : noon + 1));
  const stranger = fileOf(unverifiedId);
  for (let n = 0; n < 5; n++) {
    stranger(telemetryChannel('go', 'cpu', null), formatTelemetry(noon + n, n));
    stranger('galileo/events', formatEvent({ timestamp: noon + n, name: 'x', value: null }));
  }
  stranger('galileo/events', 'garbage');
  // Nobody knows this producer.
  fileOf('p/n/2')(traceChannel, 'garbage');
  return { book, account };
}

const statement = (settledBelow: number, lost: number) =>
  Statement.fromPartial({
    recordingId: 'e',
    clients: [{ clientId: 'w1:pi:0', token: 'a', first: 1, settledBelow, produced: settledBelow - 1 }],
    lost: [{ kind: RecordKind.TRACE, count: lost }],
  });

const traces = { kind: 'trace', arrived: 11, rejected: 2, lost: 0, unverified: 0 };
const telemetry = { kind: 'telemetry', produced: 5, arrived: 5, rejected: 0, lost: 0, unverified: 5 };
const events = { kind: 'event', produced: 6, arrived: 6, rejected: 1, lost: 0, unverified: 6 };

test('what has arrived counts as produced until more is stated', () => {
  const { book, account } = openRecording();
  expect(liveFigures(book)).toEqual([{ ...traces, produced: 10 }, telemetry, events]);
  applyStatement(book, account, statement(5, 0), 0);
  expect(liveFigures(book)[0]).toEqual({ ...traces, produced: 10 });
  applyStatement(book, account, statement(16, 2), 0);
  expect(liveFigures(book)[0]).toEqual({ ...traces, produced: 15, lost: 2 });
});

test('the figures are those of the kinds that are recorded, and outlive a restart', () => {
  const { book } = openRecording([RecordKind.TELEMETRY]);
  expect(liveFigures(book)).toEqual([telemetry]);
  const whole = openRecording().book;
  expect(liveFigures(readBook(bookRow(whole)))).toEqual(liveFigures(whole));
});
