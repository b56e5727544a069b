import type { BusRecord } from './bus-record.ts';

/**
 * Batches of records that wait, in the order in which they came, as bytes beside the heap: a sample takes 35 bytes, where two
 * strings and an object take 200 and are work for each collection of garbage.
 */
export interface PackedQueue {
  /** Takes a batch that came at `at`. @returns false if the queue would then hold more than its cap: nothing was taken. */
  push(records: readonly BusRecord[], at: number): boolean;
  /** Takes out the oldest batch; an empty one if there is none. */
  shift(): BusRecord[];
  /** When the oldest batch came; undefined if there is none. */
  readonly oldest: number | undefined;
  /** Records that wait. */
  readonly records: number;
  /** Bytes that they take. */
  readonly bytes: number;
}

/** A piece of memory that batches share. */
interface Chunk {
  readonly bytes: Buffer;
  /** Channels of its records, each once. */
  readonly channels: string[];
}

interface Batch {
  readonly chunk: Chunk;
  readonly begin: number;
  readonly records: number;
  readonly at: number;
  /** What it takes of the cap. */
  readonly cost: number;
}

/** Length of a chunk, bytes; a batch that is larger has a chunk of its own. */
const chunkBytes = 256 * 1024;

/** Before each line stand the number of its channel and its length, two unsigned 32-bit numbers. */
const headBytes = 8;

/** What a batch and what a channel take beside their text, bytes. */
const overhead = 64;

const noNumbers: ReadonlyMap<string, number> = new Map();

function bytesOf(records: readonly BusRecord[]): number {
  let bytes = 0;
  for (const { line } of records) bytes += headBytes + Buffer.byteLength(line);
  return bytes;
}

function unpack({ chunk: { bytes, channels }, begin, records }: Batch): BusRecord[] {
  let at = begin;
  return Array.from({ length: records }, () => {
    const channel = channels[bytes.readUInt32LE(at)]!;
    const line = at + headBytes;
    at = line + bytes.readUInt32LE(at + 4);
    return { channel, line: bytes.toString('utf8', line, at) };
  });
}

/** Makes an empty queue that holds at most `maxBytes`, and one chunk that is not full yet. */
export function createPackedQueue(maxBytes: number): PackedQueue {
  const batches: Batch[] = [];
  let filling: Chunk = { bytes: Buffer.alloc(0), channels: [] };
  let filled = 0;
  /** Numbers of the channels of `filling`. */
  let numbers = new Map<string, number>();
  let records = 0;
  let bytes = 0;

  const startChunk = (size: number) => {
    filling = { bytes: Buffer.allocUnsafeSlow(Math.max(size, chunkBytes)), channels: [] };
    filled = 0;
    numbers = new Map();
  };

  /** What the channels of a batch take that are none of these. */
  const costOfChannels = (batch: readonly BusRecord[], known: ReadonlyMap<string, number>) => {
    let cost = 0;
    for (const channel of new Set(batch.map(record => record.channel))) {
      if (!known.has(channel)) cost += channel.length + overhead;
    }
    return cost;
  };

  const numberOf = (channel: string) => {
    let number = numbers.get(channel);
    if (number === undefined) {
      number = filling.channels.push(channel) - 1;
      numbers.set(channel, number);
    }
    return number;
  };

  const pack = (batch: readonly BusRecord[]) => {
    const { bytes: chunk } = filling;
    for (const { channel, line } of batch) {
      const length = chunk.write(line, filled + headBytes);
      chunk.writeUInt32LE(numberOf(channel), filled);
      chunk.writeUInt32LE(length, filled + 4);
      filled += headBytes + length;
    }
  };

  return {
    push(batch, at) {
      const size = bytesOf(batch);
      const fits = filled + size <= filling.bytes.length;
      const cost = size + overhead + costOfChannels(batch, fits ? numbers : noNumbers);
      if (bytes + cost > maxBytes) return false;
      if (!fits) startChunk(size);
      batches.push({ chunk: filling, begin: filled, records: batch.length, at, cost });
      pack(batch);
      records += batch.length;
      bytes += cost;
      return true;
    },
    shift() {
      const batch = batches.shift();
      if (batch === undefined) return [];
      records -= batch.records;
      bytes -= batch.cost;
      return unpack(batch);
    },
    get oldest() {
      return batches[0]?.at;
    },
    get records() {
      return records;
    },
    get bytes() {
      return bytes;
    },
  };
}
