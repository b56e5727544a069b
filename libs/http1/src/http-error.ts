/** What is wrong with a message, and the status that a server answers it with. */
const statuses = {
  /** A request line that is not `METHOD target HTTP/1.x`. */
  'request-line': 400,
  /** A status line that is not `HTTP/1.x code reason`. */
  'status-line': 400,
  /** HTTP, but neither 1.0 nor 1.1. */
  version: 505,
  /** A line that does not end with CR LF. */
  'line-end': 400,
  /** A field name that is empty, or holds what is no token, such as white space before the colon. */
  'field-name': 400,
  /** A control character in a field value. */
  'field-value': 400,
  /** A field line that continues the one before (obs-fold). */
  'field-fold': 400,
  /** The request line alone is over the limit. */
  'target-size': 414,
  /** Head or trailers are over the limit in bytes. */
  'head-size': 431,
  /** Head or trailers have more fields than the limit. */
  'field-count': 431,
  /** A Content-Length that is no number, or several that differ. */
  'content-length': 400,
  /** A Transfer-Encoding in HTTP/1.0, or one where `chunked` is not the last coding and there once. */
  'transfer-encoding': 400,
  /** A transfer coding other than `chunked`. */
  'transfer-coding': 501,
  /** Content-Length and Transfer-Encoding in one message. */
  'two-lengths': 400,
  /** An HTTP/1.1 request without Host, or any with several or with one that is no host. */
  host: 400,
  /** A chunk's size that is no hexadecimal number below 2^53. */
  'chunk-size': 400,
  /** A chunk extension, which nobody uses but for smuggling. */
  'chunk-extension': 400,
  /** A chunk that is not followed by CR LF. */
  'chunk-end': 400,
  /** The connection ended within a message. */
  truncated: 400,
} as const;

/** Name of what is wrong with a message. */
export type HttpErrorCode = keyof typeof statuses;

/** A message that can't be read. Nothing that follows it on its connection can be trusted either. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  /** What a server answers a request with that has this fault. */
  readonly status: number;

  constructor(code: HttpErrorCode, message: string) {
    super(message);
    this.name = 'HttpError';
    this.code = code;
    this.status = statuses[code];
  }
}
