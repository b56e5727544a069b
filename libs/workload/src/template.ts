// Templates: texts with places such as `{{seq}}` that are filled in for each request. Loaded by itself (`@galileo/workload/template`),
// since few workers have any.

/** A place in a template. */
export type Placeholder =
  /** The request's number with its client, from 1; a random UUID (version 4); id of the client; name of its worker; `{{` itself. */
  | { readonly kind: 'seq' | 'uuid' | 'client' | 'worker' | 'open' }
  /** A whole number, both ends included. */
  | { readonly kind: 'random'; readonly least: number; readonly most: number }
  /** A cell of the request's row; `column` counts from 0. */
  | { readonly kind: 'row'; readonly column: number };

/** A template in its order: literal text, and places. */
export type Template = readonly (string | Placeholder)[];

/** Something in a template that can't be filled in. */
export class TemplateError extends Error {
  readonly found: string;
  readonly allowed: string;
  /** Where it stands in the text, from 0. */
  readonly position: number;
  constructor(found: string, allowed: string, position: number) {
    super(`found ${JSON.stringify(found)}; allowed: ${allowed}`);
    this.name = 'TemplateError';
    this.found = found;
    this.allowed = allowed;
    this.position = position;
  }
}

const place = /\{\{([^{}]*)\}\}/y;
const allowedPlaces =
  '{{seq}}, {{uuid}}, {{random A B}} with whole numbers A <= B, {{client}}, {{worker}}, {{row COLUMN}}, and {{open}} for {{ itself';
const shownLength = 40;

/** Has a text to be parsed? */
export function isTemplate(text: string): boolean {
  return text.includes('{{');
}

/** A template that is filled in as this text. */
export function escapeTemplate(text: string): string {
  return text.replaceAll('{{', '{{open}}');
}

/** The template with what is literal in it changed. */
export function mapLiterals(text: string, change: (literal: string) => string): string {
  return text
    .split(/(\{\{[^{}]*\}\})/)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join('');
}

/** The text with `0` in each place. */
export function withZeros(template: Template): string {
  return template.map(part => (typeof part === 'string' ? part : '0')).join('');
}

function randomPlace(argument: string): Placeholder | undefined {
  const [, least, most] = /^(-?\d+)\s+(-?\d+)$/.exec(argument) ?? [];
  const [from, to] = [Number(least), Number(most)];
  // The difference too has to be exact.
  if (![from, to, to - from].every(Number.isSafeInteger) || from > to) return undefined;
  return { kind: 'random', least: from, most: to };
}

function rowPlace(argument: string, columns: readonly string[], found: string, position: number): Placeholder {
  const column = columns.indexOf(argument);
  if (column >= 0) return { kind: 'row', column };
  const allowed = columns.length === 0 ? 'a column of `rows`, and there are none' : `a column of the rows: ${columns.join(', ')}`;
  throw new TemplateError(found, allowed, position);
}

function placeholder(inner: string, columns: readonly string[], found: string, position: number): Placeholder {
  const [, name, argument] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(inner) as unknown as [string, string, string];
  if (name === 'row') return rowPlace(argument, columns, found, position);
  const made =
    name === 'random'
      ? randomPlace(argument)
      : argument === '' && ['seq', 'uuid', 'client', 'worker', 'open'].includes(name)
        ? { kind: name as 'seq' }
        : undefined;
  if (made === undefined) throw new TemplateError(found, allowedPlaces, position);
  return made;
}

/** Reads a template. `columns`: names of the rows' columns. @throws TemplateError */
export function parseTemplate(text: string, columns: readonly string[]): Template {
  const parts: (string | Placeholder)[] = [];
  let end = 0;
  for (let begin = text.indexOf('{{'); begin >= 0; begin = text.indexOf('{{', end)) {
    place.lastIndex = begin;
    const match = place.exec(text);
    if (match === null) throw new TemplateError(text.slice(begin, begin + shownLength), allowedPlaces, begin);
    if (begin > end) parts.push(text.slice(end, begin));
    parts.push(placeholder(match[1]!, columns, match[0], begin));
    end = begin + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}
