import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader, OutgoingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import { encodeHeaderMembers } from '@galileo/wire';
import { type Deadlines, Timed } from '../http/deadlines.ts';
import type { OutgoingRequest, Reply, Sending } from '../sender.ts';
import { callErrorKind } from './error-kind.ts';
import { ReceivedMessage } from './framing.ts';
import type { HostLink, Link, Waiter } from './host-link.ts';
import { httpStatus } from './status.ts';

/** What all calls of a sender share. */
export interface Workshop {
  /** Bytes of each answer's text that are kept; 0 for none. */
  readonly keepBody: number;
  readonly keepHeaders: boolean;
  readonly deadlines: Deadlines;
  /** UNIX seconds. */
  now(): number;
}

/** What a call sends. */
export interface WireRequest {
  readonly headers: OutgoingHttpHeaders;
  /** The message with its prefix. */
  readonly frame: Buffer;
  /** Seconds. */
  readonly timeout: number;
  /** How the answer's message reads; the message itself is kept without it. */
  readonly textOf: OutgoingRequest['textOf'];
}

/** The longest message that is put into words, unless more is kept: gRPC's own default limit. */
const longestKept = 4 * 1024 * 1024;

/** `grpc-message` is percent-encoded UTF-8; what is not is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Headers and trailers as one record, without HTTP/2's own. */
function headerRecord(...parts: readonly (IncomingHttpHeaders | undefined)[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part ?? {})) {
      if (name.startsWith(':') || value === undefined) continue;
      const text = Array.isArray(value) ? value.join(', ') : value;
      record[name] = name === 'grpc-message' ? decoded(text) : text;
    }
  }
  return record;
}

type AnswerHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** One unary call on its way and its answer. */
export class Call extends Timed implements Waiter, Sending {
  readonly #workshop: Workshop;
  readonly #host: HostLink;
  readonly #request: WireRequest;
  readonly #reply: Reply;
  readonly #message: ReceivedMessage;
  #link: Link | undefined;
  #stream: ClientHttp2Stream | undefined;
  #connected: number | null = null;
  #sent = -1;
  #sentAt = 0;
  #firstByte: number | null = null;
  #headers: AnswerHeaders | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #ended = false;
  #settled = false;

  constructor(workshop: Workshop, host: HostLink, request: WireRequest, reply: Reply) {
    super();
    this.#workshop = workshop;
    this.#host = host;
    this.#request = request;
    this.#reply = reply;
    this.#message = new ReceivedMessage(workshop.keepBody > 0 ? Math.max(longestKept, workshop.keepBody) : 0);
    workshop.deadlines.begin(this, request.timeout);
    host.acquire(this);
  }

  ready(link: Link): void {
    this.#link = link;
    this.#connected = link.established;
    link.established = null;
    this.#sent = this.#workshop.now();
    this.#sentAt = performance.now();
    let stream: ClientHttp2Stream;
    try {
      stream = link.session.request(this.#request.headers);
    } catch (error) {
      this.#sent = -1;
      this.#release();
      this.#finish(callErrorKind(error as Error));
      return;
    }
    this.#stream = stream;
    stream.on('response', headers => this.#onHeaders(headers));
    stream.on('trailers', trailers => {
      this.#trailers = trailers;
      this.#complete();
    });
    stream.on('data', (piece: Buffer) => {
      link.heard = performance.now();
      this.#message.take(piece);
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#complete();
    });
    stream.on('error', error => this.#finish(callErrorKind(error)));
    // Not settled by now: it ended without a status, its connection is gone, or the other side took it back.
    stream.on('close', () => {
      this.#release();
      this.#finish(this.#ended && stream.rstCode === 0 ? 'protocol' : link.session.destroyed ? 'closed' : 'reset');
    });
    stream.end(this.#request.frame);
  }

  failed(error: Error): void {
    this.#finish(callErrorKind(error));
  }

  expire(): void {
    const link = this.#link;
    this.giveUp('timeout');
    if (link !== undefined) this.#host.suspect(link, this.#sentAt);
  }

  /** Ends it at once with this kind of error, unless it is over. The other side is told that nobody waits any more. */
  giveUp(kind: string): void {
    if (this.#settled) return;
    this.#host.withdraw(this);
    this.#finish(kind);
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }

  #onHeaders(headers: AnswerHeaders): void {
    this.#firstByte = this.#workshop.now();
    this.#link!.heard = performance.now();
    this.#headers = headers;
    this.#complete();
  }

  /** An answer ends with trailers, unless its headers are all that there is to it. */
  #complete(): void {
    const headers = this.#headers;
    if (!this.#ended || headers === undefined) return;
    const grpcStatus = (this.#trailers ?? headers)['grpc-status'];
    // An answer of HTTP, not of gRPC: something that stands between, or no server of gRPC at all.
    const other = headers[':status'] !== 200 && grpcStatus === undefined;
    if (other) this.#finish(null, headers[':status']);
    else if (this.#trailers !== undefined || grpcStatus !== undefined) this.#onStatus(grpcStatus, headers);
  }

  #onStatus(grpcStatus: string | string[] | undefined, headers: IncomingHttpHeaders): void {
    const status = typeof grpcStatus === 'string' ? httpStatus(grpcStatus) : undefined;
    const isGrpc = headers['content-type']?.startsWith('application/grpc') ?? false;
    if (status === undefined || !isGrpc || (status === 200 && !this.#message.isWhole)) this.#finish('protocol');
    else this.#finish(null, status);
  }

  /** Gives its place on the connection back. */
  #release(): void {
    if (this.#link === undefined) return;
    this.#host.release(this.#link);
    this.#link = undefined;
  }

  #finish(error: string | null, status = -1): void {
    if (this.#settled) return;
    this.#settled = true;
    const { deadlines, keepHeaders, now } = this.#workshop;
    deadlines.end(this);
    const answered = this.#headers !== undefined;
    this.#reply.answered({
      connected: this.#connected,
      sent: this.#sent,
      firstByte: this.#firstByte,
      done: now(),
      status,
      headers: keepHeaders && answered ? encodeHeaderMembers(headerRecord(this.#headers, this.#trailers)) : null,
      body: error === null ? this.#text() : null,
      bytes: answered ? this.#message.bytes : null,
      error,
    });
  }

  /** What is kept of the answer. */
  #text(): Buffer | null {
    const { keepBody } = this.#workshop;
    if (keepBody === 0) return null;
    const message = this.#message.content();
    const { textOf } = this.#request;
    if (message === null || textOf === undefined) return message?.subarray(0, keepBody) ?? null;
    // Beside an error there is no message, and no text.
    const text = this.#message.isWhole ? textOf(message) : '';
    return text === null ? null : Buffer.from(text).subarray(0, keepBody);
  }
}
