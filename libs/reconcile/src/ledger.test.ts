import { RecordFilter, RecordKind, Statement } from '@galileo/proto/recorder';
import { formatTrace, traceChannel } from '@galileo/wire';
import { expect, test } from 'vitest';
import { closeInterval, createBook, openInterval } from './book.ts';
import { BookStateError, bookRow, readBook } from './book-state.ts';
import { createFiling, placesOf } from './filing.ts';
import { finalLedger, provisionalLedger } from './ledger.ts';
import { timeOfDay } from './mismatches.ts';
import { createProducerProtocol, type Line } from './producer-protocol.ts';
import { allComplete } from './repair.ts';
import { applyStatement } from './statements.ts';

const noon = Date.UTC(2026, 10, 24, 12) / 1000;
const ignore = { trace() {}, telemetry() {}, event() {}, deadLetter() {} };
const id = 'client/n/1';

/** A recording with 120 traces of a client and 50 samples of a node, of which `arrives` tells which arrive. */
function record(arrives: (n: number) => boolean, final = true) {
  const book = createBook('e', noon, RecordFilter.fromPartial({}), false);
  const protocol = createProducerProtocol({ producerId: id, service: 'client', node: 'n' });
  const open = { $case: 'open' as const, value: { recordingId: 'e', filter: book.filter } };
  protocol.receive({ message: open }, noon);
  const account = openInterval(book, id, noon);
  const filing = createFiling({ books: [book], places: () => placesOf([book], id), producerId: id, sequence: 1, sink: ignore });
  const lines: Line[] = [];
  for (let n = 1; n <= 120; n++) {
    const times = { created: noon + 1, sent: noon + 1, done: noon + 2, status: 200 };
    const texts = { server: null, expId: null, headers: null, response: null };
    lines.push(protocol.trace({ requestId: `a:${n}`, client: 'w1:pi:0', service: 'pi', ...times, ...texts }) as Line);
  }
  for (let n = 0; n < 50; n++) {
    const sample = { node: 'node-a', metric: 'cpu', subsystem: null, timestamp: noon + 5 + n / 10, value: n };
    lines.push(protocol.telemetry(sample) as Line);
  }
  for (const [n, { channel, line }] of lines.entries()) if (arrives(n)) filing.file(channel, line);
  const close = { $case: 'close' as const, value: { recordingId: 'e' } };
  protocol.receive({ message: close }, noon + 20);
  closeInterval(book, id, noon + 20);
  const statements = final ? protocol.settled('e') : protocol.statements(noon + 20);
  for (const { message } of statements) if (message?.$case === 'statement') applyStatement(book, account, message.value, 0);
  const counts = (traces: number, telemetry: number) => ({
    traces: new Map([['a', traces]]),
    telemetry: new Map([['node-a', telemetry]]),
    events: 0,
    rejected: new Map(),
  });
  return { book, account, counts };
}

test('nothing missing: the ledger balances without a word', () => {
  const { book, counts } = record(() => true);
  const ledger = finalLedger(book, counts(120, 50), undefined);
  expect(ledger).toEqual({
    entries: [
      { kind: RecordKind.TRACE, produced: 120, stored: 120, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
      { kind: RecordKind.TELEMETRY, produced: 50, stored: 50, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
      { kind: RecordKind.EVENT, produced: 0, stored: 0, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
    ],
    final: true,
    mismatches: [],
    missingProducers: [],
  });
});

test('what did not arrive is named by client and counters, by node and bucket', () => {
  const { book, counts } = record(n => ![16, 39, 40, 130].includes(n));
  const { entries, mismatches } = finalLedger(book, counts(117, 49), undefined);
  expect(entries.map(({ produced, stored, lost }) => [produced, stored, lost])).toEqual([
    [120, 117, 3],
    [50, 49, 1],
    [0, 0, 0],
  ]);
  expect(mismatches).toEqual([
    'traces of client w1:pi:0: 3 of 120 missing: counters 17, 40-41',
    'telemetry of node-a, 5 s from 12:00:05Z: 49 stored, 50 produced',
  ]);
});

test('rows that are gone are named, though they had arrived', () => {
  const { book, counts } = record(() => true);
  const details = { counters: new Map([['a', [1, 16, 18, 120]]]), buckets: new Map([['node-a', new Map([[noon + 5, 48]])]]) };
  expect(finalLedger(book, counts(119, 48), details).mismatches).toEqual([
    'traces: 120 produced, 119 stored, 0 rejected, 0 lost: 1 missing',
    'telemetry: 50 produced, 48 stored, 0 rejected, 0 lost: 2 missing',
    'traces of client w1:pi:0: 119 rows in the store, 120 were written: counters 17 are gone',
    'telemetry of node-a: 48 rows in the store, 50 were written',
    'telemetry of node-a, 5 s from 12:00:05Z: 48 rows in the store, 50 were written',
  ]);
});

test('declared losses explain what is missing, if they are as many', () => {
  const { book, account, counts } = record(n => n !== 16 && n !== 17);
  account.lost.trace = 2;
  expect(finalLedger(book, counts(118, 50), undefined).mismatches).toEqual([]);
  account.lost.trace = 1;
  expect(finalLedger(book, counts(118, 50), undefined).mismatches).toEqual([
    'traces of client w1:pi:0: 2 of 120 missing: counters 17-18',
    `traces of producer ${id}: 2 missing, 1 declared lost, 0 malformed`,
  ]);
});

test('other records than stated, as many of them, are noticed', () => {
  const { book, account, counts } = record(n => n !== 130);
  const filing = createFiling({ books: [book], places: () => placesOf([book], id), producerId: id, sequence: 2, sink: ignore });
  filing.file('telem/node-a/cpu', `${(noon + 6).toFixed(7)}1 3.0`);
  expect(account.sequence).toBe(2);
  expect(finalLedger(book, counts(120, 50), undefined).mismatches).toEqual([
    'telemetry of node-a, 5 s from 12:00:05Z: 50 stored and as many produced, but not the same ones',
  ]);
});

test('a producer without final figures is named, and what arrived from it counts as produced', () => {
  const { book, counts } = record(n => n < 100, false);
  expect(allComplete(book)).toBe(false);
  const ledger = finalLedger(book, counts(100, 0), undefined, ['telemd/n/2']);
  expect(ledger.final).toBe(false);
  expect(ledger.missingProducers).toEqual([id, 'telemd/n/2']);
  expect(ledger.entries.map(({ produced }) => produced)).toEqual([120, 50, 0]);
  const silent = createBook('e', noon, RecordFilter.fromPartial({}), false);
  openInterval(silent, id, noon);
  createFiling({ books: [silent], places: () => placesOf([silent], id), producerId: id, sequence: 1, sink: ignore }).file(
    traceChannel,
    formatTrace({
      requestId: 'a:1',
      client: 'c',
      service: 's',
      created: noon,
      sent: noon,
      done: noon,
      status: 200,
      server: null,
      expId: null,
      headers: null,
      response: null,
    }),
  );
  expect(provisionalLedger(silent, counts(1, 0)).entries[0]).toMatchObject({ produced: 1, stored: 1 });
});

test('there is an end to the list of mismatches', () => {
  const { book, account, counts } = record(() => true);
  const clients = Array.from({ length: 300 }, (_, i) => ({
    clientId: `c${i}`,
    token: `t${i}`,
    first: 1,
    settledBelow: 2,
    produced: 1,
    settledAbove: [],
    unrecorded: [],
  }));
  applyStatement(book, account, Statement.fromPartial({ recordingId: 'e', clients }), 0);
  const { mismatches } = finalLedger(book, counts(120, 50), undefined);
  expect(mismatches).toHaveLength(201);
  expect(mismatches.at(-1)).toMatch(/^and \d+ more mismatches$/);
});

test('a book is stored with its ledger and read back, and other text is refused by name', () => {
  const { book, counts } = record(n => n % 3 !== 0);
  book.ledger = finalLedger(book, counts(80, 33), undefined);
  book.end = noon + 20;
  book.strangers.set('x', { trace: 1, telemetry: 0, event: 2 });
  const row = bookRow(book);
  const again = readBook(row);
  expect(bookRow(again)).toEqual(row);
  expect(again.ledger).toEqual(book.ledger);
  for (const state of ['', '{}', '{"version":3}', '{"version":2}', '{"version":1,"ledger":null}']) {
    expect(() => readBook({ ...row, state })).toThrow(BookStateError);
  }
});

test('times that no calendar holds are still said', () => {
  expect(timeOfDay(noon + 5)).toBe('12:00:05Z');
  expect(timeOfDay(1e300)).toBe('1e+300 s');
});
