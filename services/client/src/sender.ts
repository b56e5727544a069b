import type { HttpOptions } from './requests/http-options.ts';

/** What carries a request: our own HTTP/1.1 over plain TCP (`http`), undici (`undici`), or gRPC (`grpc`). */
export type Transport = 'http' | 'undici' | 'grpc';

/** What a client sends, ready for the wire. */
export interface OutgoingRequest {
  /** `http` unless told. */
  readonly transport?: Transport;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Time-out from hand-over to the last byte of the answer, seconds. */
  readonly timeout: number;
  /** Time-out from hand-over to a connection, seconds; none but `timeout` unless told. */
  readonly connectTimeout?: number;
  /** Time-out from the first byte sent to the first byte of the answer, seconds; none but `timeout` unless told. */
  readonly firstByteTimeout?: number;
  /** A connection of its own, which ends with the answer, or whichever is there (`reuse`), unless told. */
  readonly connections?: 'reuse' | 'per-request';
  /** It is sent once, so that nothing made for it is worth keeping. */
  readonly once?: true;
  /** How a kept body reads that is no text; null if it can't be read. Of gRPC alone. */
  readonly textOf?: ((body: Buffer) => string | null) | undefined;
  /** What only `undici` can do. */
  readonly options?: HttpOptions;
  /** Whose cookies go with it: requests of one client have the same object. */
  readonly session?: object;
}

/** What became of one request. Times are UNIX seconds. */
export interface Answer {
  /** When its connection was established; null if the connection had carried requests before, or there was none. */
  readonly connected: number | null;
  /** When its first byte was given to the socket; -1 if it never was. */
  readonly sent: number;
  /** When the first byte of the answer came. */
  readonly firstByte: number | null;
  /** When the last byte of the answer had come, or the request had failed. */
  readonly done: number;
  /** HTTP status; -1 without a whole answer. */
  readonly status: number;
  /** Response headers in their original case, several of one name joined by commas, as `encodeHeaderMembers` makes them. */
  readonly headers: string | null;
  /** Begin of the body, as far as it is kept; null if none of it is. */
  readonly body: Buffer | null;
  /** Bytes of the body that came; null without an answer. */
  readonly bytes: number | null;
  /** Kind of failure; null for any HTTP answer. */
  readonly error: string | null;
}

/** Who waits for an answer. */
export interface Reply {
  /** It is there, or there will be none; called exactly once, and never throws. */
  answered(answer: Answer): void;
}

/** A request on its way. */
export interface Sending {
  /** Gives it up: its answer comes at once, with this kind of error, unless it is there already. */
  giveUp(kind: string): void;
}

/** Carries requests to hosts. Requests on the way when it is disposed must have been given up before. */
export interface Sender extends AsyncDisposable {
  /** Sends a request as soon as there is a connection. */
  send(host: string, request: OutgoingRequest, reply: Reply): Sending;
  /** Opens a connection ahead for requests like this one, so that the first does not pay for it. Sends nothing. */
  prepare(host: string, request?: OutgoingRequest): void;
  /** Gives back what it holds for other hosts than these; requests on the way go on. */
  retain?(hosts: ReadonlySet<string>): void;
}

/** The answer of a request that never came to be sent. */
export function unsent(done: number, error: string): Answer {
  return { connected: null, sent: -1, firstByte: null, done, status: -1, headers: null, body: null, bytes: null, error };
}
