import { malformed, type Parsed, parsed } from './parsed.ts';
import { parsePythonFloat, pythonFloat } from './python-float.ts';
import { isPyNumber, isPyObject, type PyJson, type PyNumber, type PyObject, pyFloat, pyNumber } from './python-json.ts';
import { WireError } from './wire-error.ts';

/*
 * How pymq reads a field: by its annotation, and generously. `str` takes a number's text, `int` cuts a float and reads a
 * string's digits, a NamedTuple takes an array, an object or, for its first field, a bare value.
 */

/** Both directions of one type of field. A reason or a WireError tells of the field by the name that was given. */
export interface Codec<T> {
  decode(value: PyJson, name: string): Parsed<T>;
  encode(value: T, name: string): PyJson;
}

/** Python's `str(x)` of a scalar. */
function pythonText(value: PyNumber | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  return pythonFloat(pyNumber(value));
}

const isScalar = (value: PyJson) => typeof value === 'string' || typeof value === 'boolean' || isPyNumber(value);

export const str: Codec<string> = {
  decode(value, name) {
    if (typeof value === 'string') return parsed(value);
    if (typeof value === 'boolean' || isPyNumber(value)) return parsed(pythonText(value));
    return malformed(value === null ? `${name} is missing` : `${name} is not text`);
  },
  encode: value => value,
};

/** Whole numbers; those beyond 2^53 are refused. */
export const int: Codec<number> = {
  decode(value, name) {
    if (value === null) return malformed(`${name} is missing`);
    const number = wholeNumber(value);
    return number !== undefined && Number.isSafeInteger(number) ? parsed(number + 0) : malformed(`${name} is not a whole number`);
  },
  encode(value, name) {
    if (!Number.isSafeInteger(value)) throw new WireError(name, String(value), 'whole numbers within 2^53');
    return value + 0;
  },
};

function wholeNumber(value: PyJson): number | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') {
    const text = value.trim();
    return /^[+-]?\d+(?:_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : undefined;
  }
  return isPyNumber(value) ? Math.trunc(pyNumber(value)) : undefined;
}

export const float: Codec<number> = {
  decode(value, name) {
    if (value === null) return malformed(`${name} is missing`);
    let number: number | undefined;
    if (typeof value === 'string') number = parsePythonFloat(value);
    else if (typeof value === 'boolean') number = Number(value);
    else if (isPyNumber(value)) number = pyNumber(value);
    return number === undefined ? malformed(`${name} is not a number`) : parsed(number);
  },
  encode: pyFloat,
};

/** Python's truth of a scalar. */
export const bool: Codec<boolean> = {
  decode(value, name) {
    if (typeof value === 'boolean') return parsed(value);
    if (typeof value === 'string') return parsed(value !== '');
    if (isPyNumber(value)) return parsed(pyNumber(value) !== 0);
    return malformed(value === null ? `${name} is missing` : `${name} is not a truth value`);
  },
  encode: value => value,
};

export const dict: Codec<PyObject> = {
  decode: (value, name) => (isPyObject(value) ? parsed(value) : malformed(`${name} is not an object`)),
  encode: value => value,
};

/** An array of anything. Python makes a tuple of a string's characters too, which is of no use here: it is refused. */
export const array: Codec<readonly PyJson[]> = {
  decode: (value, name) => (Array.isArray(value) ? parsed(value) : malformed(`${name} is not an array`)),
  encode: value => value,
};

export const anything: Codec<PyJson> = { decode: value => parsed(value), encode: value => value };

export const nullable = <T>(codec: Codec<T>): Codec<T | null> => ({
  decode: (value, name) => (value === null ? parsed(null) : codec.decode(value, name)),
  encode: (value, name) => (value === null ? null : codec.encode(value, name)),
});

/** What null stands for; it is never written as null. */
export const nullAs = <T>(codec: Codec<T>, meaning: T): Codec<T> => ({
  decode: (value, name) => (value === null ? parsed(meaning) : codec.decode(value, name)),
  encode: codec.encode,
});

export const listOf = <T>(codec: Codec<T>): Codec<readonly T[]> => ({
  decode(value, name) {
    if (!Array.isArray(value)) return malformed(`${name} is not an array`);
    const elements: T[] = [];
    for (const each of value) {
      const element = codec.decode(each, name);
      if (!element.ok) return element;
      elements.push(element.value);
    }
    return parsed(elements);
  },
  encode: (value, name) => value.map(each => codec.encode(each, name)),
});

/** A field of a class: its name in Python, and what stands for it if an object lacks it. */
export interface Field<T> {
  readonly name: string;
  readonly codec: Codec<T>;
  readonly fallback?: { readonly value: T };
}

/** A field that must be there. */
export const required = <T>(name: string, codec: Codec<T>): Field<T> => ({ name, codec });

/** A field that an object (never an array) may lack. */
export const optional = <T>(name: string, codec: Codec<T>, value: T): Field<T> => ({ name, codec, fallback: { value } });

/** The fields of a class, in the order of the wire. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

type Entry<T> = readonly [key: keyof T, field: Field<unknown>];

/**
 * A NamedTuple. It is written as an array of all fields. Read are: an array with all fields (surplus elements are
 * ignored), an object by names (lacking fields take their defaults, unknown ones are ignored), and a bare value as
 * the first field of a class whose other fields have defaults.
 */
export function namedTuple<T extends object>(fields: Fields<T>): Codec<T> {
  const entries = Object.entries(fields) as unknown as readonly Entry<T>[];
  return {
    decode(value, name) {
      const pick = picker(value, entries);
      if (typeof pick === 'string') return malformed(name === '' ? `the value ${pick}` : `${name} ${pick}`);
      const result: Partial<Record<keyof T, unknown>> = {};
      for (const [index, [key, field]] of entries.entries()) {
        const path = name === '' ? field.name : `${name}.${field.name}`;
        const given = pick(index, field.name);
        if (given === undefined) {
          if (Array.isArray(value) || field.fallback === undefined) return malformed(`${path} is missing`);
          result[key] = field.fallback.value;
          continue;
        }
        const decoded = field.codec.decode(given, path);
        if (!decoded.ok) return decoded;
        result[key] = decoded.value;
      }
      return parsed(result as T);
    },
    encode: value => entries.map(([key, field]) => field.codec.encode(value[key], field.name)),
  };
}

/** Where the fields of a value are to be found, or what is wrong with it. */
function picker<T>(value: PyJson, entries: readonly Entry<T>[]): string | ((index: number, name: string) => PyJson | undefined) {
  if (Array.isArray(value)) return index => value[index];
  if (isPyObject(value)) return (_, name) => (Object.hasOwn(value, name) ? value[name] : undefined);
  if (value === null) return 'is missing';
  return isScalar(value) && entries.length > 0 ? index => (index === 0 ? value : undefined) : 'is neither an array nor an object';
}

/** An object with attributes: written as an object, read as a NamedTuple is. */
export function attributes<T extends object>(fields: Fields<T>): Codec<T> {
  const entries = Object.entries(fields) as unknown as readonly Entry<T>[];
  return {
    decode: namedTuple(fields).decode,
    encode: value => Object.fromEntries(entries.map(([key, field]) => [field.name, field.codec.encode(value[key], field.name)])),
  };
}
