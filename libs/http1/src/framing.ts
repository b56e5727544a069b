import { equalsIgnoringCase, fieldName } from './field-name.ts';
import type { Head } from './head.ts';
import { HttpError } from './http-error.ts';
import type { Kind } from './read-head.ts';

/**
 * How the body of a message is delimited: by a length (which may be 0), in chunks, by the end of the connection, or not at all,
 * because what follows is another protocol.
 */
export type Framing = 'length' | 'chunked' | 'close' | 'tunnel';

const contentLength = fieldName('content-length');
const transferEncoding = fieldName('transfer-encoding');
const connection = fieldName('connection');
const host = fieldName('host');
const tab = 0x09;
const cr = 0x0d;
const chunked = Buffer.from('chunked', 'latin1');
const close = Buffer.from('close', 'latin1');
const keepAlive = Buffer.from('keep-alive', 'latin1');

/** RFC 3986, section 3.2: what an authority is made of, without user information, which RFC 9110, section 4.2.4, forbids. */
const authority = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::\d{0,5})?$/;

const unknown = -1;

/**
 * Content-Length of a message, bytes; `unknown` if there is none. RFC 9110, section 8.6, allows several lines that say the same,
 * and to refuse a list in one line.
 */
function lengthOf(head: Head): number {
  let length = unknown;
  for (let field = head.find(contentLength); field !== -1; field = head.find(contentLength, field + 1)) {
    const start = head.base + head.places[4 * field + 2]!;
    const end = head.base + head.places[4 * field + 3]!;
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = head.bytes[at]! - 0x30;
      if (!(digit >= 0 && digit <= 9)) value = Number.NaN;
      else value = 10 * value + digit;
    }
    if (!(value <= Number.MAX_SAFE_INTEGER) || start === end) {
      const found = JSON.stringify(head.value(field).slice(0, 40));
      throw new HttpError('content-length', `Content-Length is a number of bytes below 2^53: found ${found}`);
    }
    if (length !== unknown && length !== value) {
      throw new HttpError('content-length', `the values of Content-Length differ: found ${length} and ${value}`);
    }
    length = value;
  }
  return length;
}

/** Is the body chunked? The one coding that we read is `chunked`; what else there is can't be delimited or understood. */
function isChunked(head: Head): boolean {
  const field = head.find(transferEncoding);
  if (field === -1) return false;
  if (head.minor === 0) throw new HttpError('transfer-encoding', 'HTTP/1.0 knows no Transfer-Encoding');
  const start = head.base + head.places[4 * field + 2]!;
  const end = head.base + head.places[4 * field + 3]!;
  const isAlone = head.find(transferEncoding, field + 1) === -1;
  if (isAlone && equalsIgnoringCase(head.bytes, start, end, chunked)) {
    // RFC 9110, section 5.6.3, allows a tab there, but node reads another coding then.
    for (let at = end; head.bytes[at] !== cr; at++) {
      if (head.bytes[at] === tab)
        throw new HttpError('transfer-encoding', 'Transfer-Encoding is chunked alone: found a tab behind it');
    }
    return true;
  }
  const codings = [];
  for (let next = field; next !== -1; next = head.find(transferEncoding, next + 1)) codings.push(...head.value(next).split(','));
  const names = codings.map(coding => coding.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase());
  const last = names.at(-1);
  const isFramed = last === 'chunked' && names.indexOf('chunked') === names.length - 1 && !names.includes('');
  const code = isFramed ? 'transfer-coding' : 'transfer-encoding';
  throw new HttpError(code, `Transfer-Encoding is chunked alone: found ${JSON.stringify(names.join(', ').slice(0, 80))}`);
}

/** May the connection be used for another message after this one (RFC 9112, section 9.3)? */
export function isPersistent(head: Head): boolean {
  if (head.find(connection) === -1) return head.minor === 1;
  if (head.lists(connection, close)) return false;
  return head.minor === 1 || head.lists(connection, keepAlive);
}

function checkHost(head: Head): void {
  const field = head.find(host);
  if (field === -1) {
    if (head.minor === 0) return;
    throw new HttpError('host', 'an HTTP/1.1 request has a Host');
  }
  if (head.find(host, field + 1) !== -1) throw new HttpError('host', 'a request has one Host: found several');
  const value = head.value(field);
  if (!authority.test(value)) {
    throw new HttpError(
      'host',
      `Host is a name or an address, with a port or without: found ${JSON.stringify(value.slice(0, 80))}`,
    );
  }
}

/** A message's framing, and the length where that is what delimits the body. */
export interface Framed {
  framing: Framing;
  /** Bytes of the body. */
  length: number;
}

/**
 * Finds out how the body of a message is delimited (RFC 9112, section 6.3), strictly: what two readers could understand in two
 * ways is refused.
 * @param into where the answer is put, so that none is allocated
 * @param answers the method that a response answers, as far as it matters
 * @throws HttpError
 */
export function frame(head: Head, kind: Kind, answers: 'HEAD' | 'CONNECT' | 'other', into: Framed): void {
  into.framing = 'length';
  into.length = 0;
  if (kind === 'response') {
    const { status } = head;
    if (status === 101 || (answers === 'CONNECT' && status >= 200 && status < 300)) {
      into.framing = 'tunnel';
      return;
    }
    if (status < 200 || status === 204) return;
  } else checkHost(head);
  const inChunks = isChunked(head);
  const length = lengthOf(head);
  if (inChunks && length !== unknown) {
    throw new HttpError('two-lengths', 'a message has either a Content-Length or a Transfer-Encoding: found both');
  }
  if (kind === 'response' && (head.status === 304 || answers === 'HEAD')) return;
  if (inChunks) into.framing = 'chunked';
  else if (length !== unknown) into.length = length;
  else if (kind === 'response') into.framing = 'close';
}
