/** A kernel file does not look as it should. */
export class ParseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ParseError';
  }
}

/**
 * A position in the bytes of a kernel file. Instruments parse bytes, not strings: at ten readings a second, splitting
 * /proc/stat and its like into strings is what an agent's CPU time and garbage consist of.
 */
export interface Scanner {
  readonly bytes: Uint8Array;
  at: number;
}

/** Starts at the first byte. */
export function scan(bytes: Uint8Array): Scanner {
  return { bytes, at: 0 };
}

const newline = 0x0a;
const zero = 0x30;
const nine = 0x39;
const point = 0x2e;

/** No counter of the kernel has more digits than 2^64. */
const mostDigits = 20;

const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09;
const isDigit = (byte: number | undefined): byte is number => byte !== undefined && byte >= zero && byte <= nine;

function excerpt(bytes: Uint8Array, from: number): string {
  if (from >= bytes.length) return 'the end';
  const text = Buffer.from(bytes.subarray(from, from + 16)).toString('latin1');
  return JSON.stringify(text.split('\n', 1)[0] || '\n');
}

/** Complains about what stands at the scanner's position. */
export function unexpected(scanner: Scanner, expected: string, at = scanner.at): ParseError {
  return new ParseError(`expected ${expected} at byte ${at}, found ${excerpt(scanner.bytes, at)}`);
}

export function atEnd(scanner: Scanner): boolean {
  return scanner.at >= scanner.bytes.length;
}

function skipBlanks(scanner: Scanner): void {
  while (isBlank(scanner.bytes[scanner.at])) scanner.at += 1;
}

/** Is there another field on this line? */
export function moreOnLine(scanner: Scanner): boolean {
  skipBlanks(scanner);
  const byte = scanner.bytes[scanner.at];
  return byte !== undefined && byte !== newline;
}

/** Goes to the first byte of the next line. @throws ParseError if the line is cut off: kernel files end with a newline. */
export function skipLine(scanner: Scanner): void {
  const end = scanner.bytes.indexOf(newline, scanner.at);
  if (end < 0) throw new ParseError(`the last line is cut off: ${excerpt(scanner.bytes, scanner.at)}`);
  scanner.at = end + 1;
}

/** A whole number that is followed by a blank or the end of its line. @throws ParseError */
export function readInteger(scanner: Scanner): number {
  skipBlanks(scanner);
  const { bytes } = scanner;
  const begin = scanner.at;
  let at = begin;
  let value = 0;
  for (let byte = bytes[at]; isDigit(byte); byte = bytes[++at]) value = value * 10 + (byte - zero);
  const end = bytes[at];
  if (at === begin || at - begin > mostDigits || !(isBlank(end) || end === newline)) {
    throw unexpected(scanner, 'a whole number', begin);
  }
  scanner.at = at;
  return value;
}

/** A number such as 0.52 that is followed by a blank or the end of its line. @throws ParseError */
export function readDecimal(scanner: Scanner): number {
  skipBlanks(scanner);
  const { bytes } = scanner;
  const begin = scanner.at;
  let at = begin;
  while (isDigit(bytes[at]) || (bytes[at] === point && at > begin)) at += 1;
  const value = Number(Buffer.from(bytes.subarray(begin, at)).toString('latin1'));
  if (at === begin || at - begin > mostDigits || Number.isNaN(value) || !(isBlank(bytes[at]) || bytes[at] === newline)) {
    throw unexpected(scanner, 'a decimal number', begin);
  }
  scanner.at = at;
  return value;
}

/** A word up to the next blank, `stop` or end of line; `stop` itself is left. @throws ParseError if there is none */
export function readWord(scanner: Scanner, stop = -1): string {
  skipBlanks(scanner);
  const { bytes } = scanner;
  const begin = scanner.at;
  let at = begin;
  for (let byte = bytes[at]; byte !== undefined && byte !== newline && byte !== stop && !isBlank(byte); byte = bytes[at]) at += 1;
  if (at === begin) throw unexpected(scanner, 'a word', begin);
  scanner.at = at;
  return Buffer.from(bytes.subarray(begin, at)).toString('utf8');
}

/** Skips fields of the line, whatever they hold. @throws ParseError if there are fewer */
export function skipFields(scanner: Scanner, count: number): void {
  const { bytes } = scanner;
  for (let field = 0; field < count; field += 1) {
    if (!moreOnLine(scanner)) throw unexpected(scanner, 'another field');
    let byte = bytes[scanner.at];
    while (byte !== undefined && byte !== newline && !isBlank(byte)) byte = bytes[++scanner.at];
  }
}

/** Does `literal` (ASCII) stand here? */
export function startsWith(scanner: Scanner, literal: string): boolean {
  const { bytes, at } = scanner;
  for (let index = 0; index < literal.length; index += 1) {
    if (bytes[at + index] !== literal.charCodeAt(index)) return false;
  }
  return true;
}
