import { RecordKind, WatchRecordingResponse } from '@galileo/proto/recorder';
import { expect, test } from 'vitest';
import { recordingLine } from './recording-line.ts';

const counters = [
  { kind: RecordKind.TRACE, stored: 12345, rate: 1020.4 },
  { kind: RecordKind.TELEMETRY, stored: 678, rate: 12.34 },
  { kind: RecordKind.EVENT, stored: 3 },
];
const open = { at: 65, start: 0, counters, producers: 3, connectedProducers: 3 };
const figures = 'traces 12,345 (1,020/s)  telemetry 678 (12.3/s)  events 3';

test.each<[string, Parameters<typeof WatchRecordingResponse.fromPartial>[0], number, number | undefined, string]>([
  ['open', open, 120, undefined, `recording  1 min 05 s  ${figures}  3 producers`],
  ['with a duration', open, 120, 120, `recording  1 min 05 s of 2 min 00 s  ${figures}  3 producers`],
  ['with little room', open, 50, undefined, 'recording  1 min 05 s  traces 12,345 (1,020/s)'],
  [
    'a producer is away',
    { ...open, connectedProducers: 2 },
    120,
    undefined,
    `recording  1 min 05 s  ${figures}  2 of 3 producers`,
  ],
  [
    'what is wrong comes first',
    { ...open, counters: [{ kind: RecordKind.TRACE, stored: 1, lost: 1500, rejected: 2 }] },
    120,
    undefined,
    'recording  1 min 05 s  1,500 lost  2 rejected  traces 1  3 producers',
  ],
  [
    'a slow store, and strangers',
    { ...open, counters: [], producers: 1, connectedProducers: 1, backlog: 20000, held: 7 },
    120,
    undefined,
    'recording  1 min 05 s  1 producer  20,000 wait for the store  7 wait for their producer',
  ],
  ['closing', { ...open, closing: true, finalProducers: 1 }, 60, 60, 'closing  1 min 05 s  1 of 3 producers final'],
])('%s', (_, message, width, duration, expected) => {
  expect(recordingLine(WatchRecordingResponse.fromPartial(message), width, duration)).toBe(expected);
});
