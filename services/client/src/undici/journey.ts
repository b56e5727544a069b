import type { Dispatcher } from 'undici';
import { type Deadlines, Timed } from '../http/deadlines.ts';
import { Phase } from '../http/phase.ts';
import type { Answer, Reply, Sending } from '../sender.ts';
import type { Cookies } from './cookies.ts';
import { failureKind, KnownError } from './failure.ts';
import type { Line, OptionedRequest } from './lines.ts';
import { followed, type Hop, isRedirect } from './redirect.ts';
import { fieldsOf } from './response-headers.ts';

/** What all journeys of a sender share. */
export interface Station {
  /** Bytes of each body that are kept; 0 for none. */
  readonly keepBody: number;
  readonly deadlines: Deadlines;
  readonly cookies: Cookies;
  /** UNIX seconds. */
  now(): number;
  headersOf(fields: Iterable<readonly [name: string, value: string]>): string | null;
}

/** Sends a cookie after those that the request itself names. */
function withCookies(headers: Hop['headers'], cookies: string): Hop['headers'] {
  if (cookies === '') return headers;
  const own = Object.keys(headers).find(name => name.toLowerCase() === 'cookie');
  return own === undefined ? { ...headers, cookie: cookies } : { ...headers, [own]: `${headers[own]}; ${cookies}` };
}

/**
 * One request on its way, through as many redirects as it may follow, and the answer at the end. `connected` and `sent` are of the
 * first request that goes out, everything else is of the last answer. A class, as `Exchange`.
 */
export class Journey extends Timed implements Sending, Dispatcher.DispatchHandler {
  readonly #station: Station;
  readonly #line: Line;
  readonly #request: OptionedRequest;
  readonly #reply: Reply;
  readonly #origin: string;
  #hop: Hop;
  #redirects = 0;
  /** Where the answer leads to that comes in. */
  #location: string | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #connected: number | null = null;
  #sent = -1;
  #firstByte: number | null = null;
  #status = -1;
  #headers: string | null = null;
  #bytes = 0;
  /** What is kept of the body, and how many bytes that are. */
  #parts: Buffer[] = [];
  #kept = 0;
  #settled = false;
  /** The part of it that has a time-out of its own. */
  #phase: Phase | undefined;
  /** The answer, until it is told. */
  #answer: Answer | undefined;

  constructor(station: Station, line: Line, host: string, request: OptionedRequest, reply: Reply) {
    super();
    const { path, method, headers, body, options } = request;
    const url = new URL(`${options.scheme}://${host}${path}`);
    this.#station = station;
    this.#line = line;
    this.#request = request;
    this.#reply = reply;
    this.#origin = url.origin;
    this.#hop = { url, path, method, headers, body };
    station.deadlines.begin(this, request.timeout);
    if (request.connectTimeout !== undefined) {
      this.#phase = new Phase(station.deadlines, request.connectTimeout, () => this.giveUp('connect timeout'));
    }
    this.#dispatch();
  }

  /** Called as the request is about to be written: its first bytes go to the socket right after it, within the same call. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // What is thrown here keeps the request from being sent, and its connection stays.
    if (this.#settled) throw new Error('the request was given up');
    this.#controller = controller;
    this.#awaitFirstByte();
    const established = this.#line.connector.takeEstablished();
    if (this.#sent !== -1) return;
    this.#connected = established;
    this.#sent = this.#station.now();
  }

  onResponseStarted(): void {
    this.#phase?.end();
    this.#firstByte ??= this.#station.now();
  }

  onResponseStart({ rawHeaders }: Dispatcher.DispatchController, status: number): void {
    if (this.#settled || status < 200) return;
    const { cookies, headersOf } = this.#station;
    const { options, session } = this.#request;
    const fields = [...fieldsOf(rawHeaders)];
    if (options.cookies) cookies.keep(session!, this.#hop.url, fields);
    this.#status = status;
    this.#headers = headersOf(fields);
    const follows = (options.maxRedirects ?? 0) > 0 && isRedirect(status);
    this.#location = follows ? fields.find(([name]) => name.toLowerCase() === 'location')?.[1] : undefined;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    const length = Math.min(chunk.length, this.#station.keepBody - this.#kept);
    if (length <= 0) return;
    this.#parts.push(Buffer.from(chunk.subarray(0, length)));
    this.#kept += length;
  }

  onResponseEnd(): void {
    this.#controller = undefined;
    if (this.#location === undefined) this.#finish(null);
    else this.#follow(this.#location);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(failureKind(error));
  }

  expire(): void {
    this.giveUp('timeout');
  }

  /** Ends it at once with this kind of error, unless it is over. */
  giveUp(kind: string): void {
    if (!this.#settled) {
      const controller = this.#controller;
      this.#finish(kind);
      controller?.abort(new KnownError(kind, 'the request was given up'));
    }
    this.#tell();
  }

  #awaitFirstByte(): void {
    this.#phase?.end();
    const { firstByteTimeout } = this.#request;
    if (firstByteTimeout === undefined) return;
    this.#phase = new Phase(this.#station.deadlines, firstByteTimeout, () => this.giveUp('first byte timeout'));
  }

  #dispatch(): void {
    const { url, path, method, headers, body } = this.#hop;
    const { options, session } = this.#request;
    const { dispatcher, proxy } = this.#line;
    const forward = url.protocol === 'http:' ? proxy : undefined;
    const cookies = options.cookies ? this.#station.cookies.sent(session!, url) : '';
    const serverName = url.origin === this.#origin ? options.tls?.serverName : undefined;
    dispatcher.dispatch(
      {
        origin: forward === undefined ? url.origin : forward.origin,
        path: forward === undefined ? path : `${url.origin}${path}`,
        method,
        headers: withCookies(forward === undefined ? headers : { host: url.host, ...headers, ...forward.headers }, cookies),
        body: body ?? null,
        ...(this.#request.connections === 'per-request' && { reset: true }),
        ...(serverName !== undefined && { servername: serverName }),
      },
      this,
    );
  }

  #follow(location: string): void {
    const next = this.#redirects < this.#request.options.maxRedirects! ? followed(this.#hop, this.#status, location) : undefined;
    if (next === undefined) {
      this.#finish('redirects');
      return;
    }
    this.#redirects += 1;
    this.#hop = next;
    this.#location = undefined;
    this.#firstByte = null;
    this.#bytes = 0;
    this.#parts = [];
    this.#kept = 0;
    afterwards(() => {
      if (!this.#settled) this.#dispatch();
    });
  }

  #finish(error: string | null): void {
    if (this.#settled) return;
    this.#settled = true;
    const { deadlines, keepBody, now } = this.#station;
    deadlines.end(this);
    this.#phase?.end();
    this.#answer = {
      connected: this.#connected,
      sent: this.#sent,
      firstByte: this.#firstByte,
      done: now(),
      status: error === null ? this.#status : -1,
      headers: this.#headers,
      body: keepBody > 0 && error === null ? Buffer.concat(this.#parts, this.#kept) : null,
      bytes: this.#firstByte === null ? null : this.#bytes,
      error,
    };
    afterwards(() => this.#tell());
  }

  #tell(): void {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer !== undefined) this.#reply.answered(answer);
  }
}

/**
 * Runs something once undici has its connection back, so that the next request goes over it: undici frees it with an immediate of
 * its own, which it asks for when what it has called has returned.
 */
function afterwards(action: () => void): void {
  queueMicrotask(() => setImmediate(action));
}
