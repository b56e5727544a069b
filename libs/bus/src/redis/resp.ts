/** An error reply of Redis; `text` begins with its code, as in `WRONGPASS invalid username-password pair`. */
export interface RespError {
  readonly error: string;
}

/** A reply in RESP2. */
export type RespReply = string | number | null | RespError | readonly RespReply[];

/** The other side does not speak RESP2. */
export class RespProtocolError extends Error {
  override readonly name = 'RespProtocolError';
  /** First byte of what could not be understood. */
  readonly byte: number;
  constructor(found: string, byte: number) {
    super(`what it sends is not the protocol of Redis: ${found}`);
    this.byte = byte;
  }
}

export interface RespHandler {
  /** A message of a subscribed channel or pattern. */
  message(channel: string, line: string): void;
  /** Anything else. */
  reply(reply: RespReply): void;
}

/** Reads RESP2 out of a stream of bytes. */
export interface RespParser {
  /** Where the next bytes belong; valid until `received`. */
  space(): Uint8Array;
  /**
   * So many bytes were put into `space()`: hands all complete frames to the handler.
   * @throws RespProtocolError; the parser is of no use afterwards
   */
  received(bytes: number): void;
  /** Bytes of memory that are held. */
  readonly capacity: number;
}

export interface RespParserOptions {
  /** Memory between frames, bytes; it grows while a larger frame comes in. */
  readonly capacity?: number;
  /** Largest frame, bytes. Redis drops a subscriber at 32 MiB of output unless told otherwise. */
  readonly maxFrame?: number;
}

const CR = 13;
const LF = 10;
/** No line of a header or a simple reply is longer. */
const maxHeader = 64 * 1024;
const maxDepth = 4;
/** A frame is not complete yet. No position is negative. */
const incomplete = -1;

const messageHead = Buffer.from('*3\r\n$7\r\nmessage\r\n$');
const patternHead = Buffer.from('*4\r\n$8\r\npmessage\r\n$');

export const isError = (reply: RespReply): reply is RespError =>
  typeof reply === 'object' && reply !== null && !Array.isArray(reply);

/** Longer names are not remembered, bytes. */
const maxInterned = 256;

/**
 * Remembers the text of channels by their bytes, so that a repeated name costs a look-up and no string.
 * Forgets all when `limit` names are known, which bounds the memory that senders can take.
 */
export function createInterner(limit: number): (bytes: Buffer, begin: number, end: number) => string {
  const known = new Map<number, { readonly bytes: Buffer; readonly text: string }>();
  return (bytes, begin, end) => {
    if (end - begin > maxInterned) return bytes.toString('utf8', begin, end);
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = begin; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const entry = known.get(hash);
    if (entry !== undefined && entry.bytes.length === end - begin) {
      let i = begin;
      while (i < end && entry.bytes[i - begin] === bytes[i]) i++;
      if (i === end) return entry.text;
    }
    if (known.size >= limit) known.clear();
    const text = bytes.toString('utf8', begin, end);
    known.set(hash, { bytes: Buffer.from(bytes.subarray(begin, end)), text });
    return text;
  };
}

/**
 * Makes a parser. Messages, which come by the hundred thousand, take a path without garbage beside the line itself;
 * other replies are rare. Measured by bench/redis.ts.
 */
export function createRespParser(handler: RespHandler, options: RespParserOptions = {}): RespParser {
  const base = options.capacity ?? 256 * 1024;
  const maxFrame = options.maxFrame ?? 64 * 1024 * 1024;
  const channelOf = createInterner(16_384);
  let buffer = Buffer.allocUnsafeSlow(base);
  /** `buffer[begin, end)` is received and not yet handed on. */
  let begin = 0;
  let end = 0;
  /** Length of the frame at `begin`, if it is known that it is not complete. */
  let wanted = 0;

  // Set by the functions below when they return a position and not `incomplete`.
  let number = 0;
  let reply: RespReply = null;

  const fail = (at: number): never => {
    const byte = buffer[at]!;
    const text = buffer.toString('latin1', at, Math.min(end, at + 16));
    throw new RespProtocolError(`${JSON.stringify(text)} (byte 0x${byte.toString(16).padStart(2, '0')})`, byte);
  };
  const lack = (position: number) => {
    if (position - begin > maxFrame) {
      throw new RespProtocolError(`a frame of ${position - begin} bytes, allowed are ${maxFrame}`, buffer[begin]!);
    }
    wanted = Math.max(wanted, position - begin);
    return incomplete;
  };

  /** Reads `<digits>\r\n` into `number`; returns the position after it. */
  const integerAt = (at: number): number => {
    let i = at;
    const negative = i < end && buffer[i] === 45;
    if (negative) i++;
    const first = i;
    let value = 0;
    for (; i < end; i++) {
      const digit = buffer[i]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (i - first > 18) fail(at);
    }
    if (i >= end) return lack(end + 1);
    if (buffer[i] !== CR || i === first) fail(at);
    if (i + 1 >= end) return lack(end + 1);
    if (buffer[i + 1] !== LF) fail(i + 1);
    number = negative ? -value : value;
    return i + 2;
  };

  /** Position after the bulk string of `length` bytes at `at` and its end of line. */
  const bulkAt = (at: number, length: number): number => {
    if (length < 0) fail(at);
    const after = at + length + 2;
    if (after > end) return lack(after);
    if (buffer[after - 2] !== CR || buffer[after - 1] !== LF) fail(after - 2);
    return after;
  };

  const lineAt = (at: number): number => {
    const cr = buffer.indexOf(CR, at);
    if (cr === -1 || cr + 1 >= end) {
      if (end - at > maxHeader) fail(at);
      return lack(end + 1);
    }
    if (buffer[cr + 1] !== LF) fail(cr);
    reply = buffer.toString('utf8', at, cr);
    return cr + 2;
  };

  const arrayAt = (at: number, depth: number): number => {
    let next = integerAt(at);
    if (next < 0) return next;
    const count = number;
    if (count < -1 || depth >= maxDepth) fail(at);
    if (count === -1) {
      reply = null;
      return next;
    }
    const items: RespReply[] = [];
    for (let i = 0; i < count; i++) {
      next = replyAt(next, depth + 1);
      if (next < 0) return next;
      items.push(reply);
    }
    reply = items;
    return next;
  };

  /** Reads any reply into `reply`; returns the position after it. */
  const replyAt = (at: number, depth: number): number => {
    if (at >= end) return lack(at + 1);
    switch (buffer[at]) {
      case 58: {
        const next = integerAt(at + 1);
        reply = number;
        return next;
      }
      case 43:
        return lineAt(at + 1);
      case 45: {
        const next = lineAt(at + 1);
        if (next >= 0) reply = { error: reply as string };
        return next;
      }
      case 36: {
        const start = integerAt(at + 1);
        if (start < 0) return start;
        if (number < -1) fail(at);
        if (number === -1) {
          reply = null;
          return start;
        }
        const next = bulkAt(start, number);
        if (next >= 0) reply = buffer.toString('utf8', start, next - 2);
        return next;
      }
      case 42:
        return arrayAt(at + 1, depth);
      default:
        return fail(at);
    }
  };

  const beginsWith = (at: number, head: Buffer) => {
    if (end - at < head.length) return false;
    for (let i = 0; i < head.length; i++) if (buffer[at + i] !== head[i]) return false;
    return true;
  };

  /** Reads a message whose first bulk string (a pattern or the channel) has its length at `at`. */
  const messageAt = (at: number, pattern: boolean): number => {
    let start = integerAt(at);
    if (start < 0) return start;
    if (pattern) {
      const next = bulkAt(start, number);
      if (next < 0) return next;
      if (next >= end) return lack(next + 1);
      start = integerAt(next + 1);
      if (start < 0) return start;
    }
    const afterChannel = bulkAt(start, number);
    if (afterChannel < 0) return afterChannel;
    if (afterChannel >= end) return lack(afterChannel + 1);
    const line = integerAt(afterChannel + 1);
    if (line < 0) return line;
    const next = bulkAt(line, number);
    if (next < 0) return next;
    handler.message(channelOf(buffer, start, afterChannel - 2), buffer.toString('utf8', line, next - 2));
    return next;
  };

  const frameAt = (at: number): number => {
    if (beginsWith(at, patternHead)) return messageAt(at + patternHead.length, true);
    if (beginsWith(at, messageHead)) return messageAt(at + messageHead.length, false);
    const next = replyAt(at, 0);
    if (next >= 0) handler.reply(reply);
    return next;
  };

  /** Makes room behind `end` for what is wanted, and at least for a quarter of the memory. */
  const makeRoom = () => {
    const held = end - begin;
    if (held === 0) {
      begin = 0;
      end = 0;
      if (buffer.length > base) buffer = Buffer.allocUnsafeSlow(base);
      return;
    }
    const needed = Math.max(wanted, held + base / 4);
    if (begin + needed <= buffer.length) return;
    const target = needed <= buffer.length ? buffer : Buffer.allocUnsafeSlow(needed + base / 4);
    buffer.copy(target, 0, begin, end);
    buffer = target;
    begin = 0;
    end = held;
  };

  return {
    space() {
      makeRoom();
      return buffer.subarray(end);
    },
    received(bytes) {
      end += bytes;
      wanted = 0;
      while (begin < end) {
        const next = frameAt(begin);
        if (next < 0) break;
        begin = next;
      }
    },
    get capacity() {
      return buffer.length;
    },
  };
}
