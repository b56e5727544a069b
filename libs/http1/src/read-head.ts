import { classes, targetBit, tokenBit, valueBit } from './characters.ts';
import type { Head } from './head.ts';
import { HttpError, type HttpErrorCode } from './http-error.ts';
import type { Limits } from './limits.ts';

/** Kind of a message. */
export type Kind = 'request' | 'response';

const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const zero = 0x30;
const colon = 0x3a;

const http = Buffer.from('HTTP/', 'latin1');

/** Where a line does not go on within the bytes that are there. */
const incomplete = -1;

/** A piece of a line for a message, with what is not visible escaped. */
function shown(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.subarray(start, Math.min(end, start + 40))).toString('latin1');
  return `${JSON.stringify(text)}${end > start + 40 ? '…' : ''}`;
}

function fail(code: HttpErrorCode, what: string, bytes: Uint8Array, start: number, end: number): never {
  throw new HttpError(code, `${what}: found ${shown(bytes, start, end)}`);
}

/** Passes the end of a line at `at`. @returns where the next line begins, or `incomplete` */
function passLineEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return incomplete;
  if (bytes[at] !== cr) fail('line-end', 'a line ends with CR LF', bytes, at, end);
  if (at + 1 >= end) return incomplete;
  if (bytes[at + 1] !== lf) fail('line-end', 'CR is followed by LF', bytes, at, end);
  return at + 2;
}

/**
 * Passes `HTTP/1.0` or `HTTP/1.1` (RFC 9112, section 2.3). A byte that can't belong to it is told at once.
 * @returns where it ends, or `incomplete`
 */
function passVersion(head: Head, bytes: Uint8Array, at: number, end: number, code: HttpErrorCode): number {
  for (let i = 0; i < http.length; i++) {
    if (at + i >= end) return incomplete;
    if (bytes[at + i] !== http[i]) fail(code, 'an HTTP version is expected here', bytes, at, end);
  }
  const digits = at + http.length;
  for (let i = 0; i < 3; i++) {
    if (digits + i >= end) return incomplete;
    const byte = bytes[digits + i]!;
    const isRight = i === 1 ? byte === 0x2e : byte >= zero && byte <= 0x39;
    if (!isRight) fail(code, 'an HTTP version is expected here', bytes, at, end);
  }
  const minor = bytes[digits + 2]! - zero;
  if (bytes[digits] !== zero + 1 || minor > 1) fail('version', 'allowed are HTTP/1.0 and HTTP/1.1', bytes, at, digits + 3);
  head.minor = minor;
  return digits + 3;
}

/** RFC 9112, section 3: `method SP request-target SP HTTP-version CRLF`, one space each. */
function readRequestLine(head: Head, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (classes[bytes[at]!]! & tokenBit) !== 0) at++;
  if (at === end) return incomplete;
  if (at === start || bytes[at] !== space) fail('request-line', 'a request begins with a method and a space', bytes, start, end);
  head.methodEnd = at - head.base;
  const target = ++at;
  while (at < end && (classes[bytes[at]!]! & targetBit) !== 0) at++;
  if (at === end) return incomplete;
  if (at === target || bytes[at] !== space) {
    fail('request-line', 'a target and a space follow the method', bytes, start, end);
  }
  head.targetStart = target - head.base;
  head.targetEnd = at - head.base;
  const version = passVersion(head, bytes, at + 1, end, 'request-line');
  return version === incomplete ? incomplete : passLineEnd(bytes, version, end);
}

/** RFC 9112, section 4: `HTTP-version SP 3DIGIT SP [reason-phrase] CRLF`; the space before no reason is often left out. */
function readStatusLine(head: Head, bytes: Uint8Array, start: number, end: number): number {
  const version = passVersion(head, bytes, start, end, 'status-line');
  if (version === incomplete || version === end) return incomplete;
  if (bytes[version] !== space) fail('status-line', 'a space follows the version', bytes, start, end);
  let status = 0;
  for (let i = 1; i <= 3; i++) {
    if (version + i >= end) return incomplete;
    const digit = bytes[version + i]! - zero;
    if (!(digit >= 0 && digit <= 9)) fail('status-line', 'a status is three digits', bytes, start, end);
    status = 10 * status + digit;
  }
  if (status < 100) fail('status-line', 'a status is a number from 100 to 999', bytes, start, end);
  head.status = status;
  let at = version + 4;
  if (at < end && bytes[at] === space) {
    at++;
    head.reasonStart = at - head.base;
    while (at < end && (classes[bytes[at]!]! & valueBit) !== 0) at++;
  } else head.reasonStart = at - head.base;
  head.reasonEnd = at - head.base;
  return passLineEnd(bytes, at, end);
}

/** RFC 9112, section 5: `field-name ":" OWS field-value OWS`. */
function readField(head: Head, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (classes[bytes[at]!]! & tokenBit) !== 0) at++;
  if (at === end) return incomplete;
  if (bytes[at] !== colon || at === start) {
    const isFold = at === start && (bytes[at] === space || bytes[at] === tab);
    if (isFold) fail('field-fold', 'a field line may not continue the one before', bytes, start, end);
    fail('field-name', 'a field line begins with a name and a colon', bytes, start, end);
  }
  const nameEnd = at++;
  while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
  const value = at;
  while (at < end && (classes[bytes[at]!]! & valueBit) !== 0) at++;
  if (at === end) return incomplete;
  if (bytes[at] !== cr) {
    if (bytes[at] === lf) fail('line-end', 'a line ends with CR LF', bytes, start, at + 1);
    fail('field-value', 'a field value holds no control character', bytes, start, at + 1);
  }
  const next = passLineEnd(bytes, at, end);
  if (next === incomplete) return incomplete;
  let valueEnd = at;
  while (valueEnd > value && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab)) valueEnd--;
  const { places, count, base } = head;
  if (4 * count >= places.length) {
    throw new HttpError('field-count', `a message has at most ${places.length / 4} fields`);
  }
  places[4 * count] = start - base;
  places[4 * count + 1] = nameEnd - base;
  places[4 * count + 2] = value - base;
  places[4 * count + 3] = valueEnd - base;
  head.count = count + 1;
  return next;
}

/**
 * Reads a head, or trailers, as far as they are there; line by line, so that it goes on at the line where it stopped.
 * @param end where the bytes end that are there
 * @returns whether it is complete; then `head.length` is its length
 * @throws HttpError at the first fault
 */
export function readHead(head: Head, kind: Kind, end: number, limits: Limits): boolean {
  const { bytes } = head;
  let at = head.base + head.length;
  // What is over the limit is not looked at: that it is there is told in the same way then, in whatever pieces it comes.
  let last = Math.min(end, head.base + limits.headBytes);
  while (at < last) {
    const isEmpty = bytes[at] === cr;
    let next: number;
    if (isEmpty) next = passLineEnd(bytes, at, last);
    else if (head.begun) next = readField(head, bytes, at, last);
    else next = kind === 'request' ? readRequestLine(head, bytes, at, last) : readStatusLine(head, bytes, at, last);
    if (next === incomplete) break;
    at = next;
    if (isEmpty && !head.begun) {
      if (kind === 'response') fail('status-line', 'an HTTP version is expected here', bytes, head.base, at);
      // RFC 9112, section 2.2: an empty line before a request is ignored.
      head.base = at;
      last = Math.min(end, at + limits.headBytes);
      continue;
    }
    head.length = at - head.base;
    if (isEmpty) return true;
    head.begun = true;
  }
  if (end - head.base > limits.headBytes) {
    const code = kind === 'request' && !head.begun ? 'target-size' : 'head-size';
    throw new HttpError(code, `a message's head has at most ${limits.headBytes} bytes`);
  }
  return false;
}
