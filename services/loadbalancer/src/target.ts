/** What the request target of a request asks for. */
export type Target =
  /** A function, and the path with query that its replica gets. */
  | { readonly kind: 'function'; readonly name: string; readonly path: string }
  /** The same thing under its canonical path. */
  | { readonly kind: 'redirect'; readonly location: string }
  /** Nothing that is here; `reason` is the Go original's text. */
  | { readonly kind: 'not-found'; readonly reason: string }
  /** `OPTIONS *`: the server itself. */
  | { readonly kind: 'server' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Decodes %XX to bytes, one character each, as Go's strings are bytes. */
const decodeBytes = (path: string) => path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Go's net/url escape() with mode encodePath: what stays as it is. */
const encodeBytes = (path: string) =>
  path.replace(
    /[^A-Za-z0-9\-_.~$&+,/:;=@]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );

/** Go's net/http cleanPath: no empty, `.` or `..` element; a slash at the end stays. */
function cleanPath(path: string): string {
  const elements: string[] = [];
  for (const element of path.split('/')) {
    if (element === '..') elements.pop();
    else if (element !== '' && element !== '.') elements.push(element);
  }
  const clean = `/${elements.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

/** Only a path that has one of these can differ from its clean form. */
const suspicious = /%|\/\/|\/\./;

/** Location of the canonical path, if this is another one (Go's ServeMux answers 301). */
function canonicalLocation(path: string, query: string): string | undefined {
  if (!suspicious.test(path)) return undefined;
  const decoded = decodeBytes(path);
  const clean = cleanPath(decoded);
  return clean === decoded ? undefined : `${encodeBytes(clean)}${query.length > 1 ? query : ''}`;
}

const absoluteForm = /^[a-z][a-z0-9+.-]*:\/\/[^/?]+/i;

/**
 * Reads a request target in origin-form, absolute-form or asterisk-form (RFC 9112, 3.2).
 * `/function/<name>/<path>?<query>` -> function `<name>`, `/<path>?<query>`; nothing is decoded on the way.
 */
export function parseTarget(method: string, target: string): Target {
  if (target === '*') {
    return method === 'OPTIONS' ? { kind: 'server' } : { kind: 'malformed', reason: `* is for OPTIONS, not for ${method}` };
  }
  let uri = target.replace(absoluteForm, '');
  if (uri !== target && !uri.startsWith('/')) uri = `/${uri}`;
  if (!uri.startsWith('/')) return { kind: 'malformed', reason: 'the path does not begin with a slash' };
  const mark = uri.indexOf('?');
  const path = mark === -1 ? uri : uri.slice(0, mark);
  const query = mark === -1 ? '' : uri.slice(mark);
  if (/%(?![0-9a-f]{2})/i.test(path)) return { kind: 'malformed', reason: 'the path has a % without two hex digits' };
  const location = canonicalLocation(path, query);
  if (location !== undefined) return { kind: 'redirect', location };

  const second = path.indexOf('/', 1);
  if (second === -1) return { kind: 'not-found', reason: `invalid URL format: ${uri}\n` };
  if (path.slice(0, second) !== '/function') return { kind: 'not-found', reason: `not a function call: ${uri}\n` };
  const third = path.indexOf('/', second + 1);
  if (third === -1) return { kind: 'function', name: path.slice(second + 1), path: `/${query}` };
  return { kind: 'function', name: path.slice(second + 1, third), path: path.slice(third) + query };
}
