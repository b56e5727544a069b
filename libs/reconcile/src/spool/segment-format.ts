import { crc32 } from 'node:zlib';
import type { RecordKindName } from '@galileo/bus';

/** Where a record stands in all that its producer ever appended, from 1. Records that could not be spooled leave gaps. */
export type Position = number;

/** A record as it was published. */
export interface SpooledRecord {
  readonly position: Position;
  readonly kind: RecordKindName;
  readonly channel: string;
  readonly line: string;
}

/** What a segment says of itself. */
export interface SegmentHeader {
  readonly producerId: string;
  /** Of this segment among those of its producer, from 1. */
  readonly sequence: number;
  /** Position of the first record. */
  readonly first: Position;
  /** When it was begun, UNIX seconds. */
  readonly begin: number;
  /** The boot of the machine that wrote it, 32 hex digits or empty. */
  readonly boot: string;
  /** Was everything written through to the device before it was published? */
  readonly synced: boolean;
}

/** A header with where it ends and what the checksums of its segment's records start from, so that no other's pass for them. */
export interface ReadHeader extends SegmentHeader {
  readonly end: number;
  readonly seed: number;
}

/** A place in a segment with bytes that are no records, though some were written there. */
export interface Damage {
  readonly offset: number;
  readonly bytes: number;
  /** At most so many records were there; undefined if nothing that follows tells. */
  readonly records: number | undefined;
}

/** The records of a segment. */
export interface Decoded {
  readonly records: readonly SpooledRecord[];
  readonly damage: readonly Damage[];
  /** Where the last whole record, or the damage behind it, ends; what follows is a record that was cut. */
  readonly end: number;
}

/*
 * All numbers are little endian. A segment: 8 bytes magic; u16 version; u16 length of the producer's id; u16 flags (1: synced); u16 that length again;
 * f64 begin; f64 first; u32 sequence; 16 bytes boot; the producer's id; u32 CRC-32 of all this. Then records: u32 length of
 * what follows the checksum; u32 its CRC-32, started from the header's; u32 position less `first`; u8 kind; u16 length of the
 * channel; channel; line. Texts are UTF-8.
 */
const magic = Buffer.from('GALSPOOL');
const version = 1;
const fixedHead = 52;
const recordHead = 15;
/** Bytes of a record after its checksum and before its texts. */
const bodyHead = recordHead - 8;

/** Longest id of a producer, bytes. */
export const maxProducerId = 1024;
/** No header is longer, bytes. */
export const maxHeader = fixedHead + maxProducerId + 4;
/** Longest channel, bytes. */
export const maxChannel = 0xffff;

export function encodeHeader(header: SegmentHeader): Buffer {
  const id = Buffer.from(header.producerId);
  const bytes = Buffer.alloc(fixedHead + id.length + 4);
  magic.copy(bytes);
  bytes.writeUInt16LE(version, 8);
  bytes.writeUInt16LE(id.length, 10);
  bytes.writeUInt16LE(header.synced ? 1 : 0, 12);
  bytes.writeUInt16LE(id.length, 14);
  bytes.writeDoubleLE(header.begin, 16);
  bytes.writeDoubleLE(header.first, 24);
  bytes.writeUInt32LE(header.sequence, 32);
  bytes.write(header.boot, 36, 16, 'hex');
  id.copy(bytes, fixedHead);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

/**
 * Reads the header at the begin of a segment's bytes.
 * @returns `cut` if the file ends within it, so that no record was ever written whole; `damaged` if it is none of ours.
 */
export function decodeHeader(bytes: Buffer): ReadHeader | 'cut' | 'damaged' {
  if (!magic.subarray(0, bytes.length).equals(bytes.subarray(0, magic.length))) return 'damaged';
  if (bytes.length < fixedHead) return 'cut';
  const end = fixedHead + bytes.readUInt16LE(10) + 4;
  if (bytes.readUInt16LE(8) !== version || bytes.readUInt16LE(14) !== end - fixedHead - 4 || end > maxHeader) return 'damaged';
  if (bytes.length < end) return 'cut';
  const seed = bytes.readUInt32LE(end - 4);
  if (crc32(bytes.subarray(0, end - 4)) !== seed) return 'damaged';
  const boot = bytes.toString('hex', 36, 52);
  return {
    producerId: bytes.toString('utf8', fixedHead, end - 4),
    sequence: bytes.readUInt32LE(32),
    first: bytes.readDoubleLE(24),
    begin: bytes.readDoubleLE(16),
    boot: /^0+$/.test(boot) ? '' : boot,
    synced: (bytes.readUInt16LE(12) & 1) === 1,
    end,
    seed,
  };
}

/** Bytes that a record may take at most, before its text is known in UTF-8. */
export const roomFor = (channel: string, line: string): number => recordHead + 3 * (channel.length + line.length);

/** Writes a record at `at`, where there must be `roomFor` it. @returns where it ends; -1 if the channel is too long */
export function encodeRecord(
  target: Buffer,
  at: number,
  seed: number,
  index: number,
  kind: number,
  channel: string,
  line: string,
): number {
  const body = at + 8;
  const text = at + recordHead;
  const channelBytes = target.write(channel, text);
  if (channelBytes > maxChannel) return -1;
  const end = text + channelBytes + target.write(line, text + channelBytes);
  target.writeUInt32LE(end - body, at);
  target.writeUInt32LE(index, body);
  target[body + 4] = kind;
  target.writeUInt16LE(channelBytes, body + 5);
  target.writeUInt32LE(crc32(target.subarray(body, end), seed), at + 4);
  return end;
}

/** The kinds in the order of their numbers in segments, from 1. */
const kinds: readonly RecordKindName[] = ['trace', 'telemetry', 'event'];
/** A kind's number in a segment. */
export const kindNumbers: Readonly<Record<RecordKindName, number>> = { trace: 1, telemetry: 2, event: 3 };

/** Where the record at `at` ends; 0 if there is none that is whole and comes after the one of index `previous`. */
function recordEnd(bytes: Buffer, at: number, seed: number, previous: number): number {
  if (at + recordHead > bytes.length) return 0;
  const length = bytes.readUInt32LE(at);
  const body = at + 8;
  const end = body + length;
  if (length < bodyHead || end > bytes.length) return 0;
  const kind = bytes[body + 4]!;
  if (kind < 1 || kind > kinds.length || bytes.readUInt16LE(body + 5) > length - bodyHead) return 0;
  if (bytes.readUInt32LE(body) <= previous) return 0;
  return crc32(bytes.subarray(body, end), seed) === bytes.readUInt32LE(at + 4) ? end : 0;
}

/** Would the record at `at` be longer than the file, as one is whose writing was interrupted? */
const isCut = (bytes: Buffer, at: number) => at + 8 > bytes.length || at + 8 + bytes.readUInt32LE(at) > bytes.length;

/** Reads all records of a segment. Where there is none, the next that is whole is looked for byte by byte. */
export function decodeSegment(bytes: Buffer, header: ReadHeader): Decoded {
  const { seed, first } = header;
  const records: SpooledRecord[] = [];
  const damage: Damage[] = [];
  let previous = -1;
  let at = header.end;
  while (at < bytes.length) {
    let start = at;
    let end = recordEnd(bytes, start, seed, previous);
    while (end === 0 && start < bytes.length) end = recordEnd(bytes, ++start, seed, previous);
    if (end === 0) {
      if (isCut(bytes, at)) break;
      damage.push({ offset: at, bytes: bytes.length - at, records: undefined });
      at = bytes.length;
      break;
    }
    const index = bytes.readUInt32LE(start + 8);
    if (start > at) damage.push({ offset: at, bytes: start - at, records: index - previous - 1 });
    const text = start + recordHead;
    const line = text + bytes.readUInt16LE(start + 13);
    records.push({
      position: first + index,
      kind: kinds[bytes[start + 12]! - 1]!,
      channel: bytes.toString('utf8', text, line),
      line: bytes.toString('utf8', line, end),
    });
    previous = index;
    at = end;
  }
  return { records, damage, end: at };
}
