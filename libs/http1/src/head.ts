import { equalsIgnoringCase, type FieldName } from './field-name.ts';
import type { Limits } from './limits.ts';

const comma = 0x2c;
const space = 0x20;
const tab = 0x09;

/**
 * The head of a message, or its trailers, as places in the bytes that it came in: nothing is copied and no object is made per
 * field. One head serves many messages, one after the other; what it says holds until the next one is read.
 */
export class Head {
  /** Where the bytes are. */
  bytes: Buffer;
  /** Where in `bytes` it begins. All other places count from there. */
  base = 0;
  /** Length with the empty line at the end; while it is being read: where the line begins that is read next. */
  length = 0;
  /** Has the start line been read? */
  begun = false;
  /** Field lines. */
  count = 0;
  /** HTTP/1.`minor`. */
  minor = 1;
  /** Status code; 0 for requests. */
  status = 0;
  /** A request's method, whose places are `0` to `methodEnd`. */
  methodEnd = 0;
  /** A request's target. */
  targetStart = 0;
  targetEnd = 0;
  /** A response's reason phrase. */
  reasonStart = 0;
  reasonEnd = 0;
  /** Of each field: begin and end of its name, begin and end of its value without white space around it. */
  readonly places: Int32Array;

  constructor({ fields }: Pick<Limits, 'fields'>) {
    this.bytes = Buffer.alloc(0);
    this.places = new Int32Array(4 * fields);
  }

  /** Begins anew at a place in some bytes. `begun`: there is no start line (trailers). */
  reset(bytes: Buffer, base: number, begun: boolean): void {
    this.bytes = bytes;
    this.base = base;
    this.length = 0;
    this.begun = begun;
    this.count = 0;
    this.status = 0;
  }

  /** Takes over what another head has read so far, whose bytes were moved to the begin of `bytes`. */
  continue(other: Head, bytes: Buffer): void {
    this.reset(bytes, 0, other.begun);
    this.length = other.length;
    this.count = other.count;
    this.minor = other.minor;
    this.status = other.status;
    this.methodEnd = other.methodEnd;
    this.targetStart = other.targetStart;
    this.targetEnd = other.targetEnd;
    this.reasonStart = other.reasonStart;
    this.reasonEnd = other.reasonEnd;
    this.places.set(other.places.subarray(0, 4 * other.count));
  }

  /** Method of a request. */
  method(): string {
    return this.#text(0, this.methodEnd);
  }

  /** Target of a request. */
  target(): string {
    return this.#text(this.targetStart, this.targetEnd);
  }

  /** Reason phrase of a response. */
  reason(): string {
    return this.#text(this.reasonStart, this.reasonEnd);
  }

  /** Name of a field as it was written. */
  name(field: number): string {
    return this.#text(this.places[4 * field]!, this.places[4 * field + 1]!);
  }

  /** Value of a field, a character per byte (latin1). */
  value(field: number): string {
    return this.#text(this.places[4 * field + 2]!, this.places[4 * field + 3]!);
  }

  /** Is the method this one? Methods tell cases apart. */
  hasMethod(method: Uint8Array): boolean {
    if (this.methodEnd !== method.length) return false;
    for (let i = 0; i < method.length; i++) if (this.bytes[this.base + i] !== method[i]) return false;
    return true;
  }

  /** Is a field called so? */
  isCalled(field: number, { bytes }: FieldName): boolean {
    const start = this.places[4 * field]!;
    const end = this.places[4 * field + 1]!;
    return end - start === bytes.length && equalsIgnoringCase(this.bytes, this.base + start, this.base + end, bytes);
  }

  /** The next field of that name, from field `from` on; -1 if there is none. */
  find(name: FieldName, from = 0): number {
    for (let field = from; field < this.count; field++) if (this.isCalled(field, name)) return field;
    return -1;
  }

  /** Is the value of a field this text, whatever the case of its letters? `expected` must be in lower case. */
  valueIs(field: number, expected: Uint8Array): boolean {
    const start = this.base + this.places[4 * field + 2]!;
    const end = this.base + this.places[4 * field + 3]!;
    return equalsIgnoringCase(this.bytes, start, end, expected);
  }

  /** Does any field of that name list a token (RFC 9110, section 5.6.1), whatever its case? `token` must be in lower case. */
  lists(name: FieldName, token: Uint8Array): boolean {
    for (let field = this.find(name); field !== -1; field = this.find(name, field + 1)) {
      if (this.#listHas(this.base + this.places[4 * field + 2]!, this.base + this.places[4 * field + 3]!, token)) return true;
    }
    return false;
  }

  #listHas(start: number, end: number, token: Uint8Array): boolean {
    const { bytes } = this;
    for (let from = start; from < end; ) {
      let to = from;
      while (to < end && bytes[to] !== comma) to++;
      let [first, last] = [from, to];
      while (first < last && (bytes[first] === space || bytes[first] === tab)) first++;
      while (last > first && (bytes[last - 1] === space || bytes[last - 1] === tab)) last--;
      if (equalsIgnoringCase(bytes, first, last, token)) return true;
      from = to + 1;
    }
    return false;
  }

  #text(start: number, end: number): string {
    return this.bytes.toString('latin1', this.base + start, this.base + end);
  }
}
