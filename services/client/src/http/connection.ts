import { connect, type Socket } from 'node:net';
import { type Framing, fieldName, type Head, isPersistent, type MessageHandler, Parser } from '@galileo/http1';
import type { Endpoint } from './endpoint.ts';
import { ClosedError, UnexpectedError } from './errors.ts';

/** What a connection tells the exchange that it carries. Places and bytes hold until the call returns. */
export interface ExchangeEvents {
  /** The first byte of the answer has come; UNIX seconds. */
  onFirstByte(now: number): void;
  /** The head of the final answer. */
  onHead(head: Head): void;
  onData(bytes: Buffer, start: number, end: number): void;
  /** The answer is complete, and the connection is not in use any more; UNIX seconds. */
  onEnd(now: number): void;
  /** The connection has failed, or ended too early. */
  onFailure(error: Error): void;
}

export interface ConnectionEvents {
  opened(connection: Connection): void;
  /** It could not be established. */
  failed(connection: Connection, error: Error): void;
  /** Its exchange is over and another one may follow. */
  free(connection: Connection): void;
  /** It was established and has ended. */
  closed(connection: Connection): void;
}

/** What all connections of a sender share, none of which is in use between two calls. */
export interface Shared {
  /** What is read goes here first. */
  readonly buffer: Buffer;
  readonly head: Head;
  /** UNIX seconds. */
  now(): number;
}

const keepAlive = fieldName('keep-alive');

/** A server that says nothing is taken to keep a connection for so many seconds without a request. */
const defaultIdle = 30;
/** A connection is not used any more so many seconds before the server would end it: a request may cross its end on the way. */
const idleMargin = 1;

/** Seconds that a server keeps a connection without a request, by its answer: `Keep-Alive: timeout=5`. */
function idleTime(head: Head): number {
  const field = head.find(keepAlive);
  const timeout = field === -1 ? undefined : /(?:^|[,;\s])timeout=(\d{1,6})/.exec(head.value(field))?.[1];
  return timeout === undefined ? defaultIdle : Number(timeout);
}

/** One connection, which carries one exchange at a time. A class, because there are thousands, and its methods are hot. */
export class Connection implements MessageHandler {
  /** When it was established, UNIX seconds; 0 before. */
  established = 0;
  /** True once it has carried a request. */
  used = false;
  readonly #events: ConnectionEvents;
  readonly #shared: Shared;
  readonly #socket: Socket;
  readonly #parser: Parser;
  #exchange: ExchangeEvents | undefined;
  #answered = false;
  /** When what is being read was there, UNIX seconds. */
  #readAt = 0;
  /** May it be used again after this answer? */
  #persistent = true;
  /** Until when it may carry another request, UNIX seconds. */
  #usableUntil = Number.POSITIVE_INFINITY;
  #idle = defaultIdle;
  #destroyed = false;

  /** Opens a connection. Exactly one of `opened` and `failed` is called, never before this returns. */
  constructor({ host, port }: Endpoint, shared: Shared, events: ConnectionEvents) {
    this.#shared = shared;
    this.#events = events;
    this.#parser = new Parser('response', this, { head: shared.head });
    const onread = { buffer: shared.buffer, callback: (bytes: number) => this.#read(bytes) };
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true, onread });
    this.#socket.once('connect', () => {
      this.established = shared.now();
      events.opened(this);
    });
    this.#socket.once('end', () => this.#end());
    this.#socket.once('error', error => this.#fail(error));
    this.#socket.once('close', () => this.#fail(new ClosedError()));
  }

  /** Can it carry another request at this time, UNIX seconds? */
  isUsable(now: number): boolean {
    return !this.#destroyed && now < this.#usableUntil;
  }

  /** Sends a request. It must be usable and carry none. */
  send(exchange: ExchangeEvents, bytes: Buffer, method: string): void {
    this.#exchange = exchange;
    this.#answered = false;
    this.#parser.answers = method === 'HEAD' ? 'HEAD' : 'other';
    this.used = true;
    this.#socket.write(bytes);
  }

  /** Ends it at once; its exchange is not told. */
  destroy(): void {
    this.#exchange = undefined;
    this.#close();
  }

  onHead(head: Head, framing: Framing): void {
    if (framing === 'tunnel') throw new UnexpectedError('the server switched protocols');
    if (head.status < 200) return;
    this.#persistent = framing !== 'close' && isPersistent(head);
    this.#idle = idleTime(head);
    this.#exchange!.onHead(head);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#exchange!.onData(bytes, start, end);
  }

  onTrailers(): void {}

  onEnd(): void {
    const exchange = this.#exchange!;
    this.#exchange = undefined;
    // An answer that came before the request was written to its end: what is left of it would precede the next one.
    const isWritten = this.#socket.writableLength === 0;
    if (this.#persistent && isWritten) this.#usableUntil = this.#readAt + this.#idle - idleMargin;
    else this.#close();
    exchange.onEnd(this.#readAt);
  }

  #read(length: number): boolean {
    if (this.#destroyed) return true;
    const { buffer } = this.#shared;
    this.#readAt = this.#shared.now();
    try {
      if (this.#exchange === undefined) throw new UnexpectedError('the server sent something that nobody had asked for');
      if (!this.#answered) {
        this.#answered = true;
        this.#exchange.onFirstByte(this.#readAt);
      }
      const end = this.#parser.read(buffer, 0, length);
      if (this.#exchange === undefined && !this.#destroyed) {
        if (end < length) this.#close();
        else this.#events.free(this);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    return true;
  }

  /** The other side will send no more. */
  #end(): void {
    this.#readAt = this.#shared.now();
    try {
      if (this.#exchange !== undefined) this.#parser.end();
      this.#fail(new ClosedError());
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const wasOpen = !this.#destroyed;
    this.#close();
    if (this.established === 0) {
      if (wasOpen) this.#events.failed(this, error);
    } else exchange?.onFailure(error);
  }

  #close(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#socket.destroy();
    if (this.established > 0) this.#events.closed(this);
  }
}
