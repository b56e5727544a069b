import { deflateSync, inflateSync } from 'node:zlib';

/**
 * Counts of whole numbers from 0 to 3.6e9 in the buckets of an HDR histogram (Gil Tene, hdrhistogram.org) with three significant
 * digits: below 2048 each number has its own bucket, above it each power of two is divided into 1024. Written down in its
 * encoding V2, so that every tool of the family reads it. The package hdr-histogram-js does the same for every range and number
 * of digits; a process that only counts pays 8 MB of memory for that.
 */

/** Buckets per power of two, and its binary logarithm. */
const half = 1024;
const halfBits = 10;

/** Largest number that can be counted. */
export const highest = 3_600_000_000;
const digits = 3;

/** Bucket of a whole number from 0 to `highest`. */
function indexOf(value: number): number {
  const shift = Math.max(0, 31 - halfBits - Math.clz32(value));
  return shift * half + (value >>> shift);
}

/** Binary logarithm of a bucket's width. */
const shiftOf = (index: number) => Math.max(0, (index >>> halfBits) - 1);
/** Least number of a bucket. */
const lowest = (index: number) => (index < 2 * half ? index : (half + (index % half)) * 2 ** shiftOf(index));
/** Largest number of a bucket. */
const largest = (index: number) => lowest(index) + 2 ** shiftOf(index) - 1;

const length = indexOf(highest) + 1;

/** Kinds of what is encoded, by their first four bytes: the counts, and the compressed form of those. */
const cookies = { counts: 0x1c849313, compressed: 0x1c849314 } as const;
/** Bytes before the counts: cookie, length of the counts, offset, digits, lowest and highest number, ratio. */
const headBytes = 40;

export interface HdrCounts {
  /** How many numbers were counted. */
  readonly total: number;
  /** Counts a whole number from 0 to `highest`; anything else is not allowed. */
  add(value: number): void;
  addAll(other: HdrCounts): void;
  reset(): void;
  /** Least number of the bucket in which the share `q` (0 to 1) of all numbers is reached, and its largest. */
  bucketAt(q: number): { readonly lowest: number; readonly largest: number };
  /** Mean of all numbers, each taken as the middle of its bucket. */
  mean(): number;
  /** The compressed form of the encoding V2. */
  encode(): Buffer;
  /** The buckets' counts. */
  readonly counts: Float64Array;
}

function zigZags(counts: Float64Array): Buffer {
  let end = counts.length;
  while (end > 0 && counts[end - 1] === 0) end--;
  const bytes: number[] = [];
  for (let i = 0; i < end; ) {
    let zeros = 0;
    while (counts[i + zeros] === 0) zeros++;
    // A count n is written as 2n; so many buckets without any as one number, 2n - 1.
    let rest = zeros > 0 ? 2 * zeros - 1 : 2 * counts[i]!;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
    i += Math.max(1, zeros);
  }
  return Buffer.from(bytes);
}

/** @throws RangeError if the bytes are no counts */
function readZigZags(bytes: Buffer, counts: Float64Array): void {
  let index = 0;
  for (let at = 0; at < bytes.length; ) {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 49) throw new RangeError('a count has no end');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    if (value % 2 === 1) index += (value + 1) / 2;
    else if (index >= counts.length) throw new RangeError('there are too many counts');
    else counts[index++] = value / 2;
  }
  if (index > counts.length) throw new RangeError('there are too many counts');
}

function wrap(counts: Float64Array): HdrCounts {
  let total = counts.reduce((sum, count) => sum + count, 0);
  return {
    counts,
    get total() {
      return total;
    },
    add(value) {
      counts[indexOf(value)]! += 1;
      total += 1;
    },
    addAll(other) {
      for (let i = 0; i < length; i++) counts[i]! += other.counts[i]!;
      total += other.total;
    },
    reset() {
      counts.fill(0);
      total = 0;
    },
    bucketAt(q) {
      // Rounded up, but not where only the product's rounding has brought it above a whole number.
      const wanted = Math.max(1, Math.ceil(q * total * (1 - Number.EPSILON)));
      let index = 0;
      for (let seen = counts[0]!; seen < wanted && index < length - 1; seen += counts[index]!) index++;
      return { lowest: lowest(index), largest: largest(index) };
    },
    mean() {
      let sum = 0;
      for (let i = 0; i < length; i++) if (counts[i] !== 0) sum += counts[i]! * (lowest(i) + Math.floor(2 ** shiftOf(i) / 2));
      return total === 0 ? 0 : sum / total;
    },
    encode() {
      const payload = zigZags(counts);
      const plain = Buffer.alloc(headBytes + payload.length);
      plain.writeUInt32BE(cookies.counts, 0);
      plain.writeUInt32BE(payload.length, 4);
      plain.writeUInt32BE(digits, 12);
      plain.writeBigUInt64BE(1n, 16);
      plain.writeBigUInt64BE(BigInt(highest), 24);
      plain.writeDoubleBE(1, 32);
      payload.copy(plain, headBytes);
      const compressed = deflateSync(plain);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(cookies.compressed, 0);
      head.writeUInt32BE(compressed.length, 4);
      return Buffer.concat([head, compressed]);
    },
  };
}

/** Makes empty counts. */
export const createHdrCounts = (): HdrCounts => wrap(new Float64Array(length));

/** What a histogram's head says, where it is not what `HdrCounts` has. */
export interface OtherRange {
  readonly digits: number;
  readonly highest: number;
}

/**
 * Reads what `encode` wrote.
 * @returns the range of the histogram if it is another one
 * @throws RangeError or an error of zlib if the bytes are something else
 */
export function decodeHdrCounts(bytes: Buffer): HdrCounts | OtherRange {
  if (bytes.readUInt32BE(0) !== cookies.compressed) throw new RangeError('the first bytes are others');
  // The package's writers leave what is behind the length.
  const plain = inflateSync(bytes.subarray(8, 8 + bytes.readUInt32BE(4)), { maxOutputLength: headBytes + 9 * length });
  if (plain.readUInt32BE(0) !== cookies.counts) throw new RangeError('the content is something else');
  const range = { digits: plain.readUInt32BE(12), highest: Number(plain.readBigUInt64BE(24)) };
  if (range.digits !== digits || range.highest !== highest || plain.readBigUInt64BE(16) !== 1n) return range;
  const counts = new Float64Array(length);
  const payload = plain.subarray(headBytes, headBytes + plain.readUInt32BE(4));
  readZigZags(payload, counts);
  return wrap(counts);
}
