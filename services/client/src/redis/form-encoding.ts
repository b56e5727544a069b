import { isPyNumber, isPyObject, type PyJson, pyNumber, pythonFloat } from '@galileo/wire';

/** Something that has no form; the message says what was found. */
export class FormError extends Error {}

/** Python's `quote_plus`: UTF-8, everything but letters, digits and `_.-~` escaped, a space as `+`. */
function quotePlus(text: string): string {
  if (!text.isWellFormed()) throw new FormError('found text with half a surrogate pair');
  return encodeURIComponent(text)
    .replace(/[!*'()]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Python's `str` of a scalar. */
function scalarText(value: Exclude<PyJson, object> | PyJson): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (!isPyNumber(value)) throw new FormError('found a list or object inside a list');
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : pythonFloat(pyNumber(value));
}

/** The values of a field: several of a list, the names of an object (as Python iterates over it), none of null. */
function valuesOf(value: PyJson): string[] {
  const several = Array.isArray(value) ? value : isPyObject(value) ? Object.keys(value) : [value];
  return several.filter(each => each !== null).map(scalarText);
}

/**
 * A dict, or a list of pairs, as `requests` encodes form fields and queries: `a=1&a=2&b=x+y`; null is left out.
 * @throws FormError for anything else.
 */
export function formEncode(value: PyJson): string {
  const pairs: readonly (readonly [PyJson, PyJson])[] | undefined = isPyObject(value)
    ? Object.entries(value)
    : Array.isArray(value) && value.every(pair => Array.isArray(pair) && pair.length === 2)
      ? (value as unknown as [PyJson, PyJson][])
      : undefined;
  if (pairs === undefined) throw new FormError(`found ${JSON.stringify(value)?.slice(0, 60)}`);
  return pairs
    .flatMap(([name, field]) => valuesOf(field).map(text => `${quotePlus(scalarText(name))}=${quotePlus(text)}`))
    .join('&');
}
