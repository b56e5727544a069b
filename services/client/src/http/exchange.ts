import type { Head } from '@galileo/http1';
import type { OutgoingRequest, Reply, Sending } from '../sender.ts';
import type { Connection, ExchangeEvents } from './connection.ts';
import { type Deadlines, Timed } from './deadlines.ts';
import { errorKind } from './error-kind.ts';
import type { HostPool, Waiter } from './host-pool.ts';
import { Phase } from './phase.ts';

/** What all exchanges of a sender share. */
export interface Workshop {
  /** Bytes of each body that are kept; 0 for none. */
  readonly keepBody: number;
  readonly deadlines: Deadlines;
  /** UNIX seconds. */
  now(): number;
  bytesOf(request: OutgoingRequest): Buffer;
  headersOf(head: Head): string | null;
}

/** One request on its way and its answer. A class, because one is made per request: a closure would be a dozen functions. */
export class Exchange extends Timed implements Waiter, ExchangeEvents, Sending {
  readonly #workshop: Workshop;
  readonly #pool: HostPool;
  readonly #request: OutgoingRequest;
  readonly #reply: Reply;
  #connection: Connection | undefined;
  #connected: number | null = null;
  #sent = -1;
  #firstByte: number | null = null;
  #status = -1;
  #headers: string | null = null;
  #bytes = 0;
  /** What is kept of the body, and how many bytes that are. */
  readonly #parts: Buffer[] = [];
  #kept = 0;
  #settled = false;
  #phase: Phase | undefined;

  constructor(workshop: Workshop, pool: HostPool, request: OutgoingRequest, reply: Reply) {
    super();
    this.#workshop = workshop;
    this.#pool = pool;
    this.#request = request;
    this.#reply = reply;
    workshop.deadlines.begin(this, request.timeout);
    if (request.connectTimeout !== undefined) {
      this.#phase = new Phase(workshop.deadlines, request.connectTimeout, () => this.#unconnected());
    }
    pool.acquire(this, request.connections === 'per-request');
  }

  ready(connection: Connection): void {
    const { now, bytesOf, deadlines } = this.#workshop;
    this.#connection = connection;
    this.#phase?.end();
    const { firstByteTimeout } = this.#request;
    if (firstByteTimeout !== undefined) {
      this.#phase = new Phase(deadlines, firstByteTimeout, () => this.giveUp('first byte timeout'));
    }
    this.#connected = connection.used ? null : connection.established;
    const bytes = bytesOf(this.#request);
    this.#sent = now();
    connection.send(this, bytes, this.#request.method);
  }

  failed(error: Error): void {
    this.#finish(errorKind(error), this.#workshop.now());
  }

  onFirstByte(now: number): void {
    this.#phase?.end();
    this.#firstByte = now;
  }

  onHead(head: Head): void {
    this.#status = head.status;
    this.#headers = this.#workshop.headersOf(head);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    const length = Math.min(end - start, this.#workshop.keepBody - this.#kept);
    if (length <= 0) return;
    this.#parts.push(Buffer.from(bytes.subarray(start, start + length)));
    this.#kept += length;
  }

  onEnd(now: number): void {
    this.#finish(null, now);
  }

  onFailure(error: Error): void {
    this.#finish(errorKind(error), this.#workshop.now());
  }

  expire(): void {
    this.giveUp('timeout');
  }

  /** Ends it at once with this kind of error, unless it is over. */
  giveUp(kind: string): void {
    if (this.#settled) return;
    this.#pool.withdraw(this);
    const connection = this.#connection;
    this.#finish(kind, this.#workshop.now());
    connection?.destroy();
  }

  /** There was no connection in time. */
  #unconnected(): void {
    this.#pool.abandon(this);
    this.giveUp('connect timeout');
  }

  #finish(error: string | null, done: number): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#phase?.end();
    const { deadlines, keepBody } = this.#workshop;
    deadlines.end(this);
    this.#reply.answered({
      connected: this.#connected,
      sent: this.#sent,
      firstByte: this.#firstByte,
      done,
      status: error === null ? this.#status : -1,
      headers: this.#headers,
      body: keepBody > 0 && error === null ? Buffer.concat(this.#parts, this.#kept) : null,
      bytes: this.#firstByte === null ? null : this.#bytes,
      error,
    });
  }
}
