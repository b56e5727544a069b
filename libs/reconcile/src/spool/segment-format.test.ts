import type { RecordKindName } from '@galileo/bus';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  decodeHeader,
  decodeSegment,
  encodeHeader,
  encodeRecord,
  kindNumbers,
  type ReadHeader,
  roomFor,
  type SpooledRecord,
} from './segment-format.ts';

const header = {
  producerId: 'client/nöde-1/0a1b2c3d',
  sequence: 7,
  first: 1000,
  begin: 1_700_000_000.25,
  boot: 'fa6c93ae053f4189a418e22cc9b2df51',
  synced: true,
};
const head = encodeHeader(header);
const read = decodeHeader(head) as ReadHeader;

const lines: readonly [RecordKindName, string, string][] = [
  ['trace', 'galileo/results/traces', `0123456789abcdef:17,w:pi:0,pi,1.5,1.5,1.5,200,,,${'x'.repeat(80)}`],
  ['telemetry', 'telem/node-1/cpu', '1700000000.1234567 12.5'],
  ['event', 'galileo/events', '1700000000.5 grüße 🙂'],
  ['event', '', ''],
  ['telemetry', 'telem/node-1/ram', '\u0000'.repeat(40)],
];
const records: SpooledRecord[] = lines.map(([kind, channel, line], i) => ({ position: 1000 + 2 * i, kind, channel, line }));

/** A segment of the records and where each ends. */
function segmentOf(all: readonly SpooledRecord[], of: ReadHeader = read, front = head): { bytes: Buffer; ends: number[] } {
  const bytes = Buffer.alloc(front.length + all.reduce((sum, { channel, line }) => sum + roomFor(channel, line), 0));
  front.copy(bytes);
  let at = front.length;
  const ends = all.map(({ position, kind, channel, line }) => {
    at = encodeRecord(bytes, at, of.seed, position - of.first, kindNumbers[kind], channel, line);
    return at;
  });
  return { bytes: bytes.subarray(0, at), ends };
}

describe('a header', () => {
  it('is read as it was written', () => expect(read).toMatchObject(header));

  it('that is cut anywhere is told from one that is damaged anywhere', () => {
    for (let size = 0; size < head.length; size++) expect(decodeHeader(head.subarray(0, size))).toBe('cut');
    for (let at = 0; at < head.length; at++) {
      const bytes = Buffer.from(head);
      bytes[at]! ^= 0x10;
      expect(decodeHeader(bytes)).toBe('damaged');
    }
  });
});

describe('a segment', () => {
  const { bytes, ends } = segmentOf(records);

  it('is read as it was written', () => {
    expect(decodeSegment(bytes, read)).toEqual({ records, damage: [], end: bytes.length });
  });

  it('that is cut at any byte has all whole records, and the rest is cut off', () => {
    for (let size = head.length; size <= bytes.length; size++) {
      const whole = ends.filter(end => end <= size);
      const end = whole.at(-1) ?? head.length;
      expect(decodeSegment(bytes.subarray(0, size), read)).toEqual({ records: records.slice(0, whole.length), damage: [], end });
    }
  });

  it('in which any byte is wrong has all other records and says how many are damaged', () => {
    for (let at = head.length; at < bytes.length; at++) {
      for (const bit of [0x01, 0x80]) {
        const wrong = Buffer.from(bytes);
        wrong[at]! ^= bit;
        const hit = ends.findIndex(end => at < end);
        const decoded = decodeSegment(wrong, read);
        expect(decoded.records).toEqual(records.filter((_, i) => i !== hit));
        const offset = ends[hit - 1] ?? head.length;
        if (hit < records.length - 1) {
          // One record, and up to one position that no record has.
          expect(decoded.damage).toEqual([{ offset, bytes: ends[hit]! - offset, records: hit === 0 ? 2 : 3 }]);
        } else if (decoded.damage.length === 0) {
          // A wrong length makes the last record look cut.
          expect(at).toBeLessThan(offset + 4);
          expect(decoded.end).toBe(offset);
        } else expect(decoded.damage).toEqual([{ offset, bytes: bytes.length - offset, records: undefined }]);
      }
    }
  });

  it('does not pass for records of another, or of an earlier place', () => {
    const other = decodeHeader(encodeHeader({ ...header, sequence: 8 })) as ReadHeader;
    expect(decodeSegment(bytes, other).records).toEqual([]);
    const twice = Buffer.concat([bytes, bytes.subarray(head.length, ends[0])]);
    expect(decodeSegment(twice, read)).toMatchObject({ records, damage: [{ offset: bytes.length, records: undefined }] });
  });

  it('finds records behind what holds the image of one', () => {
    const inner = segmentOf(records.slice(0, 1)).bytes.subarray(head.length).toString('latin1');
    const { bytes: outer } = segmentOf([{ position: 1000, kind: 'event', channel: 'c', line: inner }, records[1]!]);
    outer[head.length + 4]! ^= 1;
    expect(decodeSegment(outer, read).records).toEqual([records[1]]);
  });
});

test('any texts are read as they were written', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom<RecordKindName>('trace', 'telemetry', 'event'), text, text)), list => {
      const all = list.map(([kind, channel, line], i) => ({ position: 1000 + i, kind, channel, line }));
      expect(decodeSegment(segmentOf(all).bytes, read).records).toEqual(all);
    }),
  );
});

test('a lone surrogate becomes what UTF-8 has for it', () => {
  const all = [{ position: 1000, kind: 'event' as const, channel: 'c', line: 'a\ud800b' }];
  expect(decodeSegment(segmentOf(all).bytes, read).records[0]!.line).toBe('a\ufffdb');
});

test('a channel that is too long for its field is refused', () => {
  const channel = 'c'.repeat(0x10000);
  expect(encodeRecord(Buffer.alloc(roomFor(channel, '')), 0, 1, 0, 1, channel, '')).toBe(-1);
});
