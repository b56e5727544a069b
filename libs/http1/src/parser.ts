import { hexValues } from './characters.ts';
import { type Framed, type Framing, frame } from './framing.ts';
import { Head } from './head.ts';
import { HttpError } from './http-error.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Kind, readHead } from './read-head.ts';

/** What a parser tells. Places and bytes hold until the call returns: both are used again. */
export interface MessageHandler {
  /** A head is complete; for a response with a status below 200 other than 101, another one follows. */
  onHead(head: Head, framing: Framing, length: number): void;
  /** A piece of the body, without the chunks' framing. */
  onData(bytes: Buffer, start: number, end: number): void;
  /** The trailers of a chunked body, if there are any. */
  onTrailers(trailers: Head): void;
  /** The message is complete. Not called for a tunnel, which has no end of its own. */
  onEnd(): void;
}

export interface ParserOptions {
  readonly limits?: Limits;
  /** Where heads are read into; parsers of one thread can share one, since none is in use between two calls. */
  readonly head?: Head;
}

const lf = 0x0a;
const cr = 0x0d;
const semicolon = 0x3b;

/** Most digits of a chunk's size: 2^53 has 14, and some servers write leading zeros. */
const maxSizeDigits = 16;
/** A size of so much or more would pass 2^53 with one more digit. */
const sizeBound = 2 ** 49;

const [inHead, inData, atSize, inSize, afterSize, afterChunk, afterChunkCr, inTrailers, untilClose, inTunnel] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];

/** A head that came in pieces, which are put together here. */
interface Partial {
  head: Head;
  bytes: Buffer;
  length: number;
}

function append(partial: Partial, bytes: Buffer, from: number, to: number): void {
  const { head, length } = partial;
  partial.length += to - from;
  if (partial.length > partial.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(2 * partial.length);
    partial.bytes.copy(larger, 0, 0, length);
    partial.bytes = larger;
    head.bytes = larger;
  }
  bytes.copy(partial.bytes, length, from, to);
}

/** Makes a head begin at the begin of its bytes again, so that empty lines before a request take no memory however many come. */
function dropEmptyLines(partial: Partial): void {
  const { head, bytes, length } = partial;
  if (head.base === 0) return;
  bytes.copyWithin(0, head.base, length);
  partial.length -= head.base;
  head.base = 0;
}

/**
 * Reads the messages of one side of a connection, in whatever pieces they come. A class and not a closure, because there is
 * one per connection and a closure would be a dozen function objects.
 */
export class Parser {
  /** The method that the next response answers, as far as that matters. Of no meaning for requests. */
  answers: 'HEAD' | 'CONNECT' | 'other' = 'other';
  readonly #kind: Kind;
  readonly #handler: MessageHandler;
  readonly #limits: Limits;
  readonly #head: Head;
  readonly #framed: Framed = { framing: 'length', length: 0 };
  #state: number = inHead;
  /** Bytes of the body or of the chunk that are still to come; while a size is read, what there is of it. */
  #left = 0;
  #digits = 0;
  #partial: Partial | undefined;
  /** What heads that come in pieces are read into. */
  #own: Head | undefined;
  /** Was the message completed by the step that was taken last? */
  #ended = false;
  #failed = false;
  /** Was the last head an interim response? */
  #isFinalDue = false;

  /** Makes a parser of requests or responses. */
  constructor(kind: Kind, handler: MessageHandler, { limits = defaultLimits, head = new Head(limits) }: ParserOptions = {}) {
    this.#kind = kind;
    this.#handler = handler;
    this.#limits = limits;
    this.#head = head;
  }

  /** Is it between two messages, with nothing of the next one read? It is not while a final response is due after an interim one. */
  get isIdle(): boolean {
    return this.#state === inHead && this.#partial === undefined && !this.#isFinalDue;
  }

  /** Is a part of a head there, and not yet the whole? */
  get isInHead(): boolean {
    return this.#partial !== undefined && this.#state === inHead;
  }

  /** Is what follows another protocol? Then `read` takes nothing any more. */
  get isTunnel(): boolean {
    return this.#state === inTunnel;
  }

  /**
   * Reads on, up to the end of the message.
   * @returns where it stopped: at `end`, or behind the message, or before the first byte of a tunnel
   * @throws HttpError at a fault; the parser can't be used any more then
   */
  read(bytes: Buffer, start: number, end: number): number {
    if (this.#failed) throw new TypeError('read after a fault');
    try {
      let at = start;
      while (at < end) {
        at = this.#step(bytes, at, end);
        if (this.#ended || this.#state === inTunnel) break;
      }
      this.#ended = false;
      return at;
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /**
   * The connection has ended.
   * @throws HttpError with code `truncated` if a message is not complete, or with what is wrong with its last line
   */
  end(): void {
    if (this.#failed || this.#state === inTunnel || this.isIdle) return;
    if (this.#state === untilClose) {
      this.#state = inHead;
      this.#handler.onEnd();
      return;
    }
    this.#failed = true;
    // Of a line that came in pieces nothing was read before its end. What is wrong with it is told all the same.
    if (this.#partial !== undefined) readHead(this.#partial.head, this.#kind, this.#partial.length, this.#limits);
    throw new HttpError('truncated', `the connection ended within a ${this.#kind}`);
  }

  #step(bytes: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case inHead:
        return this.#readHead(bytes, at, end);
      case inData:
        return this.#readData(bytes, at, end);
      case untilClose:
        this.#handler.onData(bytes, at, end);
        return end;
      case inTrailers:
        return this.#readTrailers(bytes, at, end);
      default:
        return this.#readFraming(bytes, at, end);
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const next = this.#complete(bytes, at, end, false);
    if (next === -1) return end;
    const head = this.#partial?.head ?? this.#head;
    const framed = this.#framed;
    frame(head, this.#kind, this.answers, framed);
    const { framing, length } = framed;
    const isInterim = this.#kind === 'response' && head.status < 200 && framing !== 'tunnel';
    this.#isFinalDue = isInterim;
    if (framing === 'chunked') this.#state = atSize;
    else if (framing === 'close') this.#state = untilClose;
    else if (framing === 'tunnel') this.#state = inTunnel;
    else if (length > 0) {
      this.#state = inData;
      this.#left = length;
    }
    this.#handler.onHead(head, framing, length);
    this.#partial = undefined;
    if (this.#state === inHead && !isInterim) this.#end();
    return next;
  }

  /**
   * Reads a head or trailers on. What is there of an incomplete one is copied, with what was read of it.
   * @returns where it ends in `bytes`; -1 if it is not complete
   */
  #complete(bytes: Buffer, start: number, end: number, begun: boolean): number {
    if (this.#partial === undefined) {
      const head = this.#head;
      head.reset(bytes, start, begun);
      if (readHead(head, this.#kind, end, this.#limits)) return head.base + head.length;
      if (head.base < end) this.#partial = this.#keep(head, end);
      return -1;
    }
    const partial = this.#partial;
    const { head } = partial;
    const most = this.#limits.headBytes + 1;
    for (let at = start; at < end; ) {
      const before = partial.length;
      // One byte more than allowed is enough to be refused.
      const taken = Math.min(end - at, most - before);
      append(partial, bytes, at, at + taken);
      // A line can't be complete without its end.
      const mayGoOn = partial.length === most || bytes.subarray(at, at + taken).includes(lf);
      if (mayGoOn && readHead(head, this.#kind, partial.length, this.#limits)) return at + head.base + head.length - before;
      dropEmptyLines(partial);
      at += taken;
    }
    // There was nothing but empty lines.
    if (partial.length === 0) this.#partial = undefined;
    return -1;
  }

  /** Copies what is there of a head that is not complete. */
  #keep(head: Head, end: number): Partial {
    const length = end - head.base;
    const bytes = Buffer.allocUnsafe(Math.max(1024, 2 * length));
    head.bytes.copy(bytes, 0, head.base, end);
    // One per parser whose heads come in pieces: to allocate its places anew for each such head would cost most of the time.
    this.#own ??= new Head(this.#limits);
    this.#own.continue(head, bytes);
    return { head: this.#own, bytes, length };
  }

  #readData(bytes: Buffer, at: number, end: number): number {
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    if (this.#left === 0) this.#state = this.#framed.framing === 'chunked' ? afterChunk : inHead;
    this.#handler.onData(bytes, at, to);
    if (this.#state === inHead) this.#end();
    return to;
  }

  /** RFC 9112, section 7.1: what stands between the pieces of a chunked body, a byte at a time. */
  #readFraming(bytes: Buffer, start: number, end: number): number {
    for (let at = start; at < end; ) {
      const byte = bytes[at++]!;
      switch (this.#state) {
        case atSize:
          this.#left = 0;
          this.#digits = 0;
          this.#addDigit(byte);
          this.#state = inSize;
          break;
        case inSize:
          if (byte === cr) this.#state = afterSize;
          else this.#addDigit(byte);
          break;
        case afterSize:
          if (byte !== lf) throw new HttpError('chunk-size', "a chunk's size is followed by CR LF");
          this.#state = this.#left > 0 ? inData : inTrailers;
          return at;
        case afterChunk:
          if (byte !== cr) throw new HttpError('chunk-end', 'a chunk is followed by CR LF: it is longer than its size');
          this.#state = afterChunkCr;
          break;
        default:
          if (byte !== lf) throw new HttpError('chunk-end', 'a chunk is followed by CR LF');
          this.#state = atSize;
      }
    }
    return end;
  }

  #addDigit(byte: number): void {
    const digit = hexValues[byte]!;
    if (digit > 15) {
      if (byte === semicolon) throw new HttpError('chunk-extension', 'chunk extensions are not allowed');
      throw new HttpError('chunk-size', "a chunk's size is hexadecimal digits alone");
    }
    if (++this.#digits > maxSizeDigits || this.#left >= sizeBound) {
      throw new HttpError('chunk-size', "a chunk's size is below 2^53 and has at most 16 digits");
    }
    this.#left = 16 * this.#left + digit;
  }

  #readTrailers(bytes: Buffer, at: number, end: number): number {
    const next = this.#complete(bytes, at, end, true);
    if (next === -1) return end;
    const trailers = this.#partial?.head ?? this.#head;
    this.#state = inHead;
    if (trailers.count > 0) this.#handler.onTrailers(trailers);
    this.#partial = undefined;
    this.#end();
    return next;
  }

  #end(): void {
    this.#ended = true;
    this.#handler.onEnd();
  }
}
