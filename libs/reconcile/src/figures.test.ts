import { RecordFilter, RecordKind } from '@galileo/proto/recorder';
import { expect, test } from 'vitest';
import { addCounter } from './counters.ts';
import { createFigures } from './figures.ts';

const open = (from = 100) =>
  createFigures({ recordingId: 'e', producerId: 'client/n/1', filter: RecordFilter.fromPartial({}), from });
const settled = (...counters: number[]) => {
  const set: number[] = [];
  for (const counter of counters) addCounter(set, counter);
  return () => set;
};

test('a statement tells what has changed since the one before', () => {
  const figures = open();
  figures.trace('w:s:0', 't', 1, 101);
  expect(figures.statement(102, settled(1))?.clients).toMatchObject([{ token: 't', first: 1, settledBelow: 2, produced: 1 }]);
  expect(figures.statement(102, settled(1))).toBeUndefined();
  figures.lost('trace');
  expect(figures.statement(102, settled(1))).toMatchObject({ clients: [], lost: [{ kind: RecordKind.TRACE, count: 1 }] });
  figures.restate();
  expect(figures.statement(102, settled(1))?.clients).toHaveLength(1);
});

test('counters settle out of order, and those that belong elsewhere are without a record', () => {
  const figures = open();
  for (const counter of [3, 4, 7]) figures.trace('w:s:0', 't', counter, 101);
  expect(figures.statement(102, settled(1, 2, 3, 4, 5, 7, 9))?.clients).toEqual([
    {
      clientId: 'w:s:0',
      token: 't',
      first: 3,
      settledBelow: 6,
      settledAbove: [{ first: 7, last: 7 }],
      unrecorded: [{ first: 5, last: 5 }],
      produced: 3,
    },
  ]);
});

test('a counter that comes twice is one trace', () => {
  const figures = open();
  figures.trace('w:s:0', 't', 1, 101);
  figures.trace('w:s:0', 't', 1, 101);
  expect(figures.finalStatement(settled(1)).clients[0]?.produced).toBe(1);
});

test('a bucket is stated once it is over, and again with a higher version after a late record', () => {
  const figures = open();
  figures.telemetry('n', 101, 'telem/n/cpu', '101.0000000');
  expect(figures.statement(104.9, settled())).toBeUndefined();
  expect(figures.statement(105, settled())?.buckets).toMatchObject([
    { kind: RecordKind.TELEMETRY, node: 'n', begin: 100, version: 1, count: 1 },
  ]);
  figures.telemetry('n', 102, 'telem/n/cpu', '102.0000000');
  expect(figures.statement(106, settled())?.buckets).toMatchObject([{ begin: 100, version: 2, count: 2 }]);
  figures.event(107, 'galileo/events', '107.0 x');
  expect(figures.finalStatement(settled())).toMatchObject({
    final: true,
    buckets: [
      { begin: 100, version: 2, count: 2 },
      { kind: RecordKind.EVENT, node: 'client/n/1', begin: 105, version: 1, count: 1 },
    ],
  });
});

test('the interval is half-open and ends after everything that was counted', () => {
  const figures = open();
  expect([figures.covers(99.9), figures.covers(100), figures.covers(1e9), figures.covers(Number.NaN)]).toEqual([
    false,
    true,
    true,
    true,
  ]);
  figures.event(200.5, 'galileo/events', '200.5 x');
  const to = figures.close(200.1);
  expect(to).toBeGreaterThan(200.5);
  expect([figures.covers(200.5), figures.covers(to), figures.covers(Number.NaN), figures.close(300)]).toEqual([
    true,
    false,
    false,
    to,
  ]);
});
