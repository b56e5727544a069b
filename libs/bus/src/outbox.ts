import type { RecordKindName } from './kinds.ts';
import type { LostListener } from './publisher.ts';
import { createRecordBuffer, type RecordBuffer } from './record-buffer.ts';

/** Records that travel together, in the order of publication. It holds until it is acknowledged. */
export interface Batch {
  /** Counted from 1 by the producer; gaps are batches that were given up. */
  readonly sequence: number;
  readonly records: RecordBuffer;
}

interface QueuedBatch extends Batch {
  sequence: number;
  /** Of each record. */
  readonly kinds: RecordKindName[];
  bytes: number;
}

export interface OutboxOptions {
  /** Cap of all that is kept, bytes of text and `recordOverhead` per record. */
  readonly maxBytes: number;
  /** Most records of a batch. */
  readonly maxRecords: number;
  readonly onLost: LostListener;
}

/** What a queued record costs beside its text, bytes: tags, lengths, and its kind. */
export const recordOverhead = 16;

/** No batch grows beyond this, bytes, unless a single record does. */
const maxBatchBytes = 256 * 1024;

/** gRPC messages are limited to 64 MiB; a record that large would never get through. */
const maxRecordBytes = 32 * 1024 * 1024;

/** Most bytes sent and not acknowledged; enough for 0.3 s at 150,000 samples per second. */
const maxWindowBytes = 16 * 1024 * 1024;

/**
 * What a publisher has taken and the recorder has not yet made durable.
 *
 * A batch that was ever handed to a stream is kept until it is acknowledged, because nobody can know whether it arrived.
 * Those are bounded by a window of a quarter of the cap, so when the cap is reached there is always a batch that was
 * never sent; the oldest such goes first. So `lost` is exact: no lost record has reached the recorder.
 */
export interface Outbox {
  append(kind: RecordKindName, channel: string, line: string): void;
  /** Closes the batch that is being filled. */
  seal(): void;
  /** The next batch for the current stream, or undefined when there is none or the window is full. */
  next(): Batch | undefined;
  /** All batches up to `sequence` are durable. */
  acknowledge(sequence: number): void;
  /** A new stream begins: everything that is not acknowledged is to be sent again. */
  rewind(): void;
  /** True while a batch is being filled. */
  readonly filling: boolean;
  /** Number of the newest closed batch; 0 before the first. */
  readonly lastSequence: number;
  /** True when every batch up to `sequence` is acknowledged or lost. */
  settled(sequence: number): boolean;
  /** Records that are kept. */
  readonly pending: number;
}

/** Buffers that are kept for later batches, and how large one of them may be, bytes: fresh memory costs more than what is written. */
const maxSpare = 4;
const maxSpareBytes = 1024 * 1024;

/** Makes an empty outbox. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { maxBytes, maxRecords, onLost } = options;
  const windowBytes = Math.min(maxWindowBytes, maxBytes / 4);
  const batchBytes = Math.min(maxBatchBytes, maxBytes / 8);
  const recordBytes = Math.min(maxRecordBytes, maxBytes / 4);

  /** Closed batches in the order of their numbers. */
  const batches: QueuedBatch[] = [];
  const spare: RecordBuffer[] = [];
  const emptyBatch = (): QueuedBatch => ({ sequence: 0, records: spare.pop() ?? createRecordBuffer(), kinds: [], bytes: 0 });
  let open = emptyBatch();
  let bytes = 0;
  let records = 0;
  let lastSequence = 0;
  /** `batches[0, sent)` were handed to the current stream, `batches[0, tried)` to this or an earlier one. */
  let sent = 0;
  let tried = 0;
  let sentBytes = 0;

  const seal = () => {
    if (open.kinds.length === 0) return;
    lastSequence++;
    open.sequence = lastSequence;
    batches.push(open);
    open = emptyBatch();
  };

  const forget = (batch: QueuedBatch) => {
    bytes -= batch.bytes;
    records -= batch.kinds.length;
    if (spare.length === maxSpare || batch.records.capacity > maxSpareBytes) return;
    batch.records.clear();
    spare.push(batch.records);
  };

  const dropOldestUnsent = () => {
    if (tried === batches.length) seal();
    const [batch] = batches.splice(tried, 1);
    if (batch === undefined) return false;
    let i = 0;
    batch.records.forEach((channel, line) => {
      onLost(batch.kinds[i++]!, channel, line);
    });
    forget(batch);
    return true;
  };

  return {
    append(kind, channel, line) {
      const most = 3 * line.length + channel.length + recordOverhead;
      if (most > recordBytes && Buffer.byteLength(line) + channel.length + recordOverhead > recordBytes) {
        onLost(kind, channel, line);
        return;
      }
      if (open.bytes + line.length > batchBytes) seal();
      const size = open.records.append(channel, line) + recordOverhead;
      open.kinds.push(kind);
      open.bytes += size;
      bytes += size;
      records++;
      if (open.kinds.length >= maxRecords) seal();
      while (bytes > maxBytes && dropOldestUnsent());
    },
    seal,
    next() {
      const batch = batches[sent];
      if (batch === undefined || (sent > 0 && sentBytes + batch.bytes > windowBytes)) return undefined;
      sent++;
      sentBytes += batch.bytes;
      tried = Math.max(tried, sent);
      return batch;
    },
    acknowledge(sequence) {
      let done = 0;
      while (done < tried && batches[done]!.sequence <= sequence) {
        const batch = batches[done]!;
        forget(batch);
        if (done < sent) sentBytes -= batch.bytes;
        done++;
      }
      batches.splice(0, done);
      sent = Math.max(0, sent - done);
      tried -= done;
    },
    rewind() {
      sent = 0;
      sentBytes = 0;
    },
    get filling() {
      return open.kinds.length > 0;
    },
    get lastSequence() {
      return lastSequence;
    },
    settled: sequence => (batches[0]?.sequence ?? Number.POSITIVE_INFINITY) > sequence,
    get pending() {
      return records;
    },
  };
}
