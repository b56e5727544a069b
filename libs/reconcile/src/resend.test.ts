import { type Missing, RecordKind, type Resent } from '@galileo/proto/recorder';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resend } from './resend.ts';
import type { SpooledRecord } from './spool/segment-format.ts';
import type { Wanted } from './spool/wanted.ts';

const none: Missing = { recordingId: 'r1', traces: [], buckets: [] };

const spooled = (position: number, line: string): SpooledRecord => ({
  ...{ position, kind: 'event', channel: `galileo/events/${position}`, line },
});
const recordsOf = (lines: readonly string[]) => lines.map((line, i) => spooled(i + 1, line));
const bytesOf = (length: number) => 'x'.repeat(length);

/** The messages of an answer. */
function answer(lines: readonly string[], missing = none): Resent[] {
  return Array.from(
    resend(missing, () => recordsOf(lines)),
    ({ message }) => {
      if (message?.$case !== 'resent') throw new Error(`found a message ${message?.$case}; allowed: resent`);
      return message.value;
    },
  );
}

/** Lengths of the lines, message by message, bytes. */
const lengths = (messages: readonly Resent[]) => messages.map(({ records }) => records.map(({ line }) => line.length));

const kibibyte = 1024;
const most = 256 * kibibyte;

describe('an answer', () => {
  it('to which nothing is found is one message that says so', () => {
    expect(answer([])).toEqual([{ recordingId: 'r1', records: [], done: true }]);
  });

  it('holds what was published, byte for byte, on its channel', () => {
    const [message] = answer(['1.5 e grüß 🙂\u0000', '']);
    expect(message).toEqual({
      recordingId: 'r1',
      records: [
        { channel: 'galileo/events/1', line: Buffer.from('1.5 e grüß 🙂\u0000') },
        { channel: 'galileo/events/2', line: Buffer.alloc(0) },
      ],
      done: true,
    });
  });

  it.each([
    [499, [499]],
    [500, [500]],
    [501, [500, 1]],
    [1000, [500, 500]],
    [1201, [500, 500, 201]],
  ])('of %i records comes in messages of at most 500, of which the last alone says that it is', (count, expected) => {
    const messages = answer(Array.from({ length: count }, (_, i) => `${i}.5 e`));
    expect(messages.map(({ records }) => records.length)).toEqual(expected);
    expect(messages.map(({ done }) => done)).toEqual(expected.map((_, i) => i === expected.length - 1));
    const channels = messages.flatMap(({ records }) => records.map(({ channel }) => channel));
    expect(channels).toEqual(Array.from({ length: count }, (_, i) => `galileo/events/${i + 1}`));
  });

  it.each<[string, number[], number[][]]>([
    ['fill a message', [most / 2, most / 2, 1], [[most / 2, most / 2], [1]]],
    ['would be a byte too many', [most / 2, most / 2 + 1], [[most / 2], [most / 2 + 1]]],
    ['are each as long as a message', [most, most], [[most], [most]]],
    ['are longer than a message', [most + 1, most + 2], [[most + 1], [most + 2]]],
    ['have a longer one among them', [10, 10, 3 * most, 10], [[10, 10], [3 * most], [10]]],
    ['begin with a longer one', [3 * most, 10, 10], [[3 * most], [10, 10]]],
  ])('whose lines %s', (_, given, expected) => {
    expect(lengths(answer(given.map(bytesOf)))).toEqual(expected);
  });

  it('counts bytes and not characters', () => {
    const line = 'ü'.repeat(100 * kibibyte);
    expect(lengths(answer([line, line]))).toEqual([[200 * kibibyte], [200 * kibibyte]]);
  });

  it('is within the limits for any lines, gives each once and in order, and no message could take one more', () => {
    const length = fc.oneof(fc.nat(200), fc.nat(most), fc.constantFrom(most, most + 1, most / 2));
    const run = fc
      .tuple(length, fc.constantFrom(1, 2, 600))
      .map(([bytes, times]) => Array<number>(bytes > 300 ? 1 : times).fill(bytes));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), runs => {
        const given = runs.flat();
        const messages = lengths(answer(given.map(bytesOf)));
        expect(messages.flat()).toEqual(given);
        const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
        for (const [i, message] of messages.entries()) {
          expect(message.length).toBeLessThanOrEqual(500);
          expect(message.length <= 1 || sum(message) <= most).toBe(true);
          const next = messages[i + 1]?.[0];
          if (next !== undefined) expect(message.length === 500 || sum(message) + next > most).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('reads no further than the message at hand takes', () => {
    let read = 0;
    const messages = resend(none, function* () {
      for (const record of recordsOf(Array.from({ length: 2000 }, () => 'e'))) {
        read++;
        yield record;
      }
    });
    expect(read).toBe(0);
    messages.next();
    expect(read).toBe(501);
    messages.next();
    expect(read).toBe(1001);
  });
});

it('a question is put to the spool in its own terms', () => {
  const asked: (readonly Wanted[])[] = [];
  const missing: Missing = {
    recordingId: 'r1',
    traces: [
      {
        token: 'a',
        counters: [
          { first: 9, last: 12 },
          { first: 3, last: 3 },
          { first: 4, last: 5 },
        ],
      },
      { token: 'b', counters: [{ first: 1, last: 1 }] },
    ],
    buckets: [
      { kind: RecordKind.TELEMETRY, node: 'n1', begin: 1_700_000_000 },
      { kind: RecordKind.EVENT, node: 'client/n/1', begin: 1_700_000_005 },
    ],
  };
  const read = (wanted: readonly Wanted[]) => {
    asked.push(wanted);
    return [];
  };
  expect([...resend(missing, read)]).toHaveLength(1);
  expect(asked).toEqual([
    [
      { kind: 'trace', token: 'a', counters: [3, 5, 9, 12] },
      { kind: 'trace', token: 'b', counters: [1, 1] },
      { kind: 'telemetry', node: 'n1', begin: 1_700_000_000 },
      { kind: 'event', begin: 1_700_000_005 },
    ],
  ]);
});
