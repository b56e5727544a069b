import { malformed, type Parsed, parsed } from './parsed.ts';
import { pythonFloat } from './python-float.ts';
import { WireError } from './wire-error.ts';

/** A Python float that a JavaScript number can't tell from an int: `2.0`. Made by `pyFloat`. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A number of Python's JSON: whole numbers are ints (beyond 2^53 as bigint), all others floats. */
export type PyNumber = number | bigint | PyFloat;

/** A value of Python's JSON. Members of objects keep their order, save that JavaScript puts names like `7` first. */
export type PyJson = null | boolean | string | PyNumber | readonly PyJson[] | PyObject;
export interface PyObject {
  readonly [name: string]: PyJson;
}

const isInt = (x: number) => Number.isSafeInteger(x) && !Object.is(x, -0);

/** The number as a Python float, also if it is whole. */
export const pyFloat = (x: number): PyNumber => (isInt(x) ? new PyFloat(x) : x);

/** The nearest JavaScript number. */
export const pyNumber = (x: PyNumber): number => (typeof x === 'object' ? x.value : Number(x));

export const isPyNumber = (value: PyJson): value is PyNumber =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof PyFloat;

export const isPyObject = (value: PyJson): value is PyObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof PyFloat);

/** A value of JavaScript's JSON, and NaN and infinities. */
export type PlainJson = null | boolean | string | number | PlainJson[] | { [name: string]: PlainJson };

/** The value with all numbers as JavaScript numbers. */
export function plainJson(value: PyJson): PlainJson {
  if (isPyNumber(value)) return pyNumber(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (!isPyObject(value)) return value as null | boolean | string;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainJson(member)]));
}

/** JSON text in ASCII alone, as Python's `json.dumps` writes it and every original store takes it. */
export function asciiJson(json: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: DEL is the last of ASCII, and Python escapes it too
  if (!/[^\x00-\x7e]/.test(json)) return json;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the same
  return json.replace(/[^\x00-\x7e]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As deep as Python's own reader goes by default, roughly. */
const maxDepth = 900;

const float = (x: number) => (Number.isNaN(x) ? 'NaN' : Number.isFinite(x) ? pythonFloat(x) : x > 0 ? 'Infinity' : '-Infinity');

/**
 * The text that Python's `json.dumps` gives: `, ` and `: ` as separators, ASCII alone, floats by `repr`, and `NaN`,
 * `Infinity` and `-Infinity`, which JavaScript's parser refuses. Whole numbers below 2^53 are written as ints unless they
 * were made by `pyFloat`; all other numbers as floats.
 * @throws WireError if the value is nested more than 900 deep, or holds something that JSON has no form for.
 */
export function encodePython(value: PyJson): string {
  return asciiJson(write(value, 0));
}

function write(value: PyJson, depth: number): string {
  if (depth > maxDepth) throw new WireError('value', '[…]', `nested at most ${maxDepth} deep`);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return isInt(value) ? String(value) : float(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value === null) return 'null';
  if (value instanceof PyFloat) return float(value.value);
  if (Array.isArray(value)) return `[${value.map(element => write(element, depth + 1)).join(', ')}]`;
  // What types forbid, but casts let through.
  if (typeof value !== 'object')
    throw new WireError('value', String(value), 'null, truth values, text, numbers, arrays and objects');
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${write(member, depth + 1)}`);
  return `{${members.join(', ')}}`;
}

/**
 * Reads what Python's `json.loads` reads: also `NaN`, `Infinity` and `-Infinity`, whole numbers of any size, lone surrogates,
 * and of a name that comes twice the last. A float that is whole is a PyFloat, so that it is written back as one.
 */
export function decodePython(text: string): Parsed<PyJson> {
  const reader: Reader = { text, at: 0 };
  try {
    const value = read(reader, 0);
    skip(reader);
    if (reader.at < text.length) throw new Malformed('not JSON: text after the value');
    return parsed(value);
  } catch (error) {
    if (error instanceof Malformed) return malformed(error.message);
    throw error;
  }
}

/** Leaves the recursion below; never leaves this file. */
class Malformed extends Error {}

interface Reader {
  readonly text: string;
  at: number;
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// Control characters must be escaped, as for Python's reader.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is excluded
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const words = new Map<string, PyJson>([
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function match(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text);
  if (found !== null) reader.at += found[0].length;
  return found;
}

const skip = (reader: Reader) => match(reader, space);

function read(reader: Reader, depth: number): PyJson {
  if (depth > maxDepth) throw new Malformed('not JSON: nested too deeply');
  skip(reader);
  const first = reader.text[reader.at];
  if (first === '"') return readString(reader);
  if (first === '{') return readObject(reader, depth);
  if (first === '[') return readArray(reader, depth);
  for (const [word, value] of words) {
    if (reader.text.startsWith(word, reader.at)) {
      reader.at += word.length;
      return value;
    }
  }
  return readNumber(reader);
}

function readString(reader: Reader): string {
  const found = match(reader, string);
  if (found === null) throw new Malformed('not JSON: a broken string');
  return JSON.parse(found[0]) as string;
}

function readNumber(reader: Reader): PyNumber {
  const found = match(reader, number);
  if (found === null) throw new Malformed('not JSON: no value where one is expected');
  const [text, fraction, exponent] = found;
  const value = Number(text);
  if (fraction !== undefined || exponent !== undefined) return pyFloat(value);
  if (Number.isSafeInteger(value)) return value + 0; // Python's int has no -0
  if (text.length > 4301) throw new Malformed('not JSON: a whole number of more than 4300 digits');
  return BigInt(text);
}

function readArray(reader: Reader, depth: number): PyJson[] {
  const elements: PyJson[] = [];
  reader.at++;
  skip(reader);
  if (reader.text[reader.at] === ']') {
    reader.at++;
    return elements;
  }
  while (true) {
    elements.push(read(reader, depth + 1));
    if (ends(reader, ']')) return elements;
  }
}

function readObject(reader: Reader, depth: number): PyObject {
  const members: Record<string, PyJson> = {};
  reader.at++;
  skip(reader);
  if (reader.text[reader.at] === '}') {
    reader.at++;
    return members;
  }
  while (true) {
    skip(reader);
    if (reader.text[reader.at] !== '"') throw new Malformed('not JSON: no name where one is expected');
    const name = readString(reader);
    skip(reader);
    if (reader.text[reader.at] !== ':') throw new Malformed('not JSON: no colon after a name');
    reader.at++;
    const value = read(reader, depth + 1);
    // Plain assignment to this name would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(members, name, { value, writable: true, enumerable: true, configurable: true });
    else members[name] = value;
    if (ends(reader, '}')) return members;
  }
}

/** After an element: does the array or object end, or is there another? */
function ends(reader: Reader, end: string): boolean {
  skip(reader);
  const next = reader.text[reader.at];
  if (next !== ',' && next !== end) throw new Malformed('not JSON: neither a comma nor an end after a value');
  reader.at++;
  return next === end;
}
