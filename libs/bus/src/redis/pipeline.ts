import type { RecordKindName } from '../kinds.ts';
import { createPublishEncoder } from './encode.ts';
import { encodeCommand, type Link } from './link.ts';
import { createQueue } from './queue.ts';

/** A line on its way. */
export interface Entry {
  readonly kind: RecordKindName;
  readonly channel: string;
  readonly line: string;
  /** Bytes of the line in UTF-8. */
  readonly size: number;
  /** Counted from 1 in the order of publication. */
  readonly number: number;
}

/** What a line costs beside its text, bytes: its entry, and the head of its string. */
export const entryOverhead = 64;

export interface PipelineOptions {
  /** Cap of all that is kept, bytes of text and 64 per line. */
  readonly maxBytes: number;
  /** Called before lines are written. */
  beforeWrite?(): void;
  /** Called for each line that the cap pushes out; it has never been written. */
  onLost(entry: Entry, reason: string): void;
  /** Called for each line that was written to a connection which broke before the answer. */
  onUncertain(entry: Entry): void;
}

/**
 * Lines that wait, and lines that were written as PUBLISH commands and not yet answered. What was once written whole is
 * never written again; what was not is kept for the next connection.
 */
export interface Pipeline {
  append(entry: Entry): void;
  /** Writes what the socket and the window take. */
  pump(): void;
  /** There is a connection. */
  opened(link: Link): void;
  /** The connection is gone, and with it the answers. */
  closed(): void;
  /** The socket takes more. */
  drained(): void;
  /** Writes a PING unless an answer is expected anyway. */
  ask(): void;
  /** Takes the next answer off; undefined: it was one to a PING. @throws Error if none is expected */
  answered(): Entry | undefined;
  /** All commands of a read are answered: goes on if the window was full. */
  resume(): void;
  /** Takes off all that was never written. */
  clear(): Entry[];
  /** True when every line up to `number` is answered or given up. */
  settled(number: number): boolean;
  readonly connected: boolean;
  /** True if what waits is worth a write of its own. */
  readonly ample: boolean;
  /** True if `pump` would write. */
  readonly ready: boolean;
}

/** What is written at once, bytes. */
const chunkBytes = 64 * 1024;
/**
 * Most bytes written and not answered, as what a break makes uncertain is no more. Enough for 100,000 traces of 720 bytes
 * per second while Redis answers within 3 ms.
 */
const maxWindowBytes = 256 * 1024;
/** Redis drops subscribers to which it has to send 32 MiB. */
const maxRecordBytes = 24 * 1024 * 1024;

const ping = encodeCommand('PING');

/** What a line counts for in the cap and the window, bytes. */
const cost = (entry: Entry) => entry.size + entry.channel.length + entryOverhead;

/** Makes an empty pipeline. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { maxBytes, beforeWrite, onLost, onUncertain } = options;
  // A quarter each: so there is always something that was never written when the cap is reached.
  const windowBytes = Math.min(maxWindowBytes, maxBytes / 4);
  const recordBytes = Math.min(maxRecordBytes, maxBytes / 4);
  const writeBytes = Math.min(chunkBytes, windowBytes);

  const encoder = createPublishEncoder();
  const chunks: Buffer[] = [];
  const waiting = createQueue<Entry>();
  /** In the order of the answers; undefined stands for a PING. */
  const unanswered = createQueue<Entry | undefined>();
  let bytes = 0;
  let unansweredBytes = 0;
  let link: Link | undefined;
  let blocked = false;
  let windowFull = false;
  /** A command too large for a chunk, of which `at` bytes are written. It counts as unanswered once all are. */
  let large: { readonly entry: Entry; readonly command: Buffer; at: number } | undefined;

  const remember = (entry: Entry) => {
    unanswered.push(entry);
    unansweredBytes += cost(entry);
  };

  const writeLarge = (to: Link) => {
    const { entry, command, at } = large!;
    const end = Math.min(command.length, at + chunkBytes);
    large!.at = end;
    if (end === command.length) {
      large = undefined;
      remember(entry);
    }
    blocked = !to.write(command.subarray(at, end));
  };

  const writeChunk = (to: Link) => {
    const first = waiting.front!;
    const length = encoder.length(first.channel, first.size);
    if (length > chunkBytes) {
      const command = Buffer.allocUnsafeSlow(length);
      encoder.write(command, 0, first.channel, first.line, first.size);
      large = { entry: waiting.shift()!, command, at: 0 };
      return;
    }
    const chunk = chunks.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
    let at = 0;
    for (let entry = waiting.front; entry !== undefined; entry = waiting.front) {
      const after = at + encoder.length(entry.channel, entry.size);
      if (after > chunkBytes || (at > 0 && after > writeBytes)) break;
      at = encoder.write(chunk, at, entry.channel, entry.line, entry.size);
      remember(waiting.shift()!);
    }
    blocked = !to.write(chunk.subarray(0, at), () => chunks.push(chunk));
  };

  const pump = () => {
    windowFull = false;
    if (link !== undefined && !blocked && waiting.length > 0) beforeWrite?.();
    while (link !== undefined && !blocked) {
      if (large !== undefined) writeLarge(link);
      else if (waiting.length === 0) return;
      else if (unansweredBytes >= windowBytes) {
        windowFull = true;
        return;
      } else writeChunk(link);
    }
  };

  return {
    append(entry) {
      if (cost(entry) > recordBytes) {
        onLost(entry, `it takes ${cost(entry)} bytes, allowed are ${recordBytes}`);
        return;
      }
      waiting.push(entry);
      bytes += cost(entry);
      while (bytes > maxBytes) {
        const oldest = waiting.shift();
        if (oldest === undefined) break;
        bytes -= cost(oldest);
        onLost(oldest, `the cap of ${maxBytes} bytes is reached`);
      }
    },
    pump,
    opened(opened) {
      link = opened;
      blocked = false;
      pump();
    },
    closed() {
      link = undefined;
      // Redis runs no command that it has not received whole.
      if (large !== undefined) waiting.unshift(large.entry);
      large = undefined;
      unansweredBytes = 0;
      while (unanswered.length > 0) {
        const entry = unanswered.shift();
        if (entry === undefined) continue;
        bytes -= cost(entry);
        onUncertain(entry);
      }
    },
    drained() {
      blocked = false;
      pump();
    },
    ask() {
      if (link === undefined || blocked || large !== undefined || unanswered.length > 0) return;
      unanswered.push(undefined);
      blocked = !link.write(ping);
    },
    answered() {
      if (unanswered.length === 0) throw new Error('it answers what was not asked');
      const entry = unanswered.shift();
      if (entry === undefined) return undefined;
      bytes -= cost(entry);
      unansweredBytes -= cost(entry);
      return entry;
    },
    resume() {
      if (windowFull) pump();
    },
    clear() {
      const entries: Entry[] = [];
      for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
        bytes -= cost(entry);
        entries.push(entry);
      }
      return entries;
    },
    settled(number) {
      const passed = (entry: Entry | undefined) => entry === undefined || entry.number > number;
      // All are in the order of publication, so the fronts tell, once a PING that is before them is answered.
      if (unanswered.front === undefined && unanswered.length > 1) return false;
      return passed(unanswered.front) && passed(large?.entry) && passed(waiting.front);
    },
    get connected() {
      return link !== undefined;
    },
    get ample() {
      return bytes - unansweredBytes >= writeBytes;
    },
    get ready() {
      return link !== undefined && !blocked && !windowFull;
    },
  };
}
