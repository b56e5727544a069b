import { encodePython, isPyNumber, isPyObject, type PyJson, type PyObject, plainJson, pyNumber, WireError } from '@galileo/wire';
import { defaultTimeout, outgoingRequest } from '../requests/outgoing-request.ts';
import { RequestError } from '../requests/request-error.ts';
import type { OutgoingRequest } from '../sender.ts';
import { FormError, formEncode } from './form-encoding.ts';
import { cookieField, optionsOf, transportArguments } from './transport-arguments.ts';

/** Keyword arguments of Python's `requests.request` that are understood. */
const known = ['data', 'json', 'headers', 'params', 'timeout', ...transportArguments];

/** Keyword arguments that ask for what is done anyway. */
const granted: ReadonlyMap<string, PyJson> = new Map([['stream', false]]);

/** Python's truth: what is empty or 0 counts as not given. */
function isGiven(value: PyJson | undefined): value is PyJson {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (isPyNumber(value)) return pyNumber(value) !== 0;
  return Array.isArray(value) ? value.length > 0 : !isPyObject(value) || Object.keys(value).length > 0;
}

const error = (field: string, found: PyJson, allowed: string) => new RequestError(field, plainJson(found), allowed);

function text(field: string, value: PyJson | undefined, fallback: string): string {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'string') throw error(field, value, 'text');
  return value;
}

function form(field: string, value: PyJson): string {
  try {
    return formEncode(value);
  } catch (cause) {
    if (!(cause instanceof FormError)) throw cause;
    throw error(field, value, 'text, an object of scalars and lists of them, or a list of pairs');
  }
}

interface Body {
  readonly bytes: Buffer | undefined;
  /** Content-Type, unless a header says another one. */
  readonly type: string | undefined;
}

function bodyOf(data: PyJson | undefined, json: PyJson | undefined): Body {
  if (isGiven(data)) {
    // Text is sent as it is, and says nothing of its type.
    if (typeof data === 'string') return { bytes: Buffer.from(data), type: undefined };
    return { bytes: Buffer.from(form('kwargs.data', data)), type: 'application/x-www-form-urlencoded' };
  }
  if (json === undefined || json === null) return { bytes: undefined, type: undefined };
  try {
    const encoded = encodePython(json);
    JSON.parse(encoded);
    return { bytes: Buffer.from(encoded), type: 'application/json' };
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof WireError)) throw cause;
    throw new RequestError('kwargs.json', String(cause.message), 'JSON without NaN and Infinity');
  }
}

function headersOf(value: PyJson | undefined): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isPyObject(value)) throw error('kwargs.headers', value, 'an object of texts');
  const headers: Record<string, string> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field === null) continue;
    if (typeof field !== 'string') throw error(`kwargs.headers[${JSON.stringify(name)}]`, field, 'text, or null for none');
    headers[name] = field.trimStart();
  }
  return headers;
}

/** Escapes what may not stand in a URL, and leaves what is escaped already. */
function escapeTarget(target: string): string {
  if (!target.isWellFormed()) throw new RequestError('path', target, 'well-formed text');
  return target
    .replace(/%(?![0-9a-fA-F]{2})/g, '%25')
    .replace(/[^!#$%&'()*+,/:;=?@[\]~\w.-]+/gu, characters =>
      encodeURIComponent(characters).replace(
        /[\\^`{|}"<>]/g,
        character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    );
}

/** Path with query, as `requests` makes it of a path and `params`; a fragment is never sent. */
function targetOf(path: string, params: PyJson | undefined): string {
  const sent = path.split('#', 1)[0]!;
  const full = sent === '' || sent.startsWith('?') ? `/${sent}` : sent;
  const extra = !isGiven(params) ? '' : typeof params === 'string' ? params : form('kwargs.params', params);
  const joined = extra === '' ? full : `${full}${!full.includes('?') ? '?' : /[?&]$/.test(full) ? '' : '&'}${extra}`;
  return escapeTarget(joined);
}

/** Time-outs, seconds; 0 stands for none given. */
interface Timeouts {
  readonly timeout: number;
  readonly connectTimeout: number;
  readonly firstByteTimeout: number;
}

/**
 * One number is the time for the whole request. A list holds the time for the connection and the time for the answer: in Python
 * the longest time between two of its bytes, with us that until its first byte; both together may be longer than the usual
 * time-out of the whole.
 */
function timeoutsOf(value: PyJson | undefined): Timeouts {
  const allowed = 'seconds above 0, or a list of those for the connection and for the answer, null for none';
  const one = (part: PyJson): number => {
    if (part === null) return 0;
    if (!isPyNumber(part) || !(pyNumber(part) > 0)) throw error('kwargs.timeout', value!, allowed);
    return pyNumber(part);
  };
  if (!Array.isArray(value)) return { timeout: value === undefined ? 0 : one(value), connectTimeout: 0, firstByteTimeout: 0 };
  if (value.length !== 2) throw error('kwargs.timeout', value, allowed);
  const [connectTimeout, firstByteTimeout] = value.map(one) as [number, number];
  return { timeout: Math.max(defaultTimeout, connectTimeout + firstByteTimeout), connectTimeout, firstByteTimeout };
}

function kwargsOf(value: PyJson | undefined): PyObject {
  if (value === undefined || value === null) return {};
  if (!isPyObject(value)) throw error('kwargs', value, 'an object of keyword arguments');
  for (const [name, argument] of Object.entries(value)) {
    if (known.includes(name) || argument === null || granted.get(name) === argument) continue;
    throw error(`kwargs.${name}`, argument, `no such argument; those that can be had are ${known.join(', ')}`);
  }
  return value;
}

/**
 * The request of Galileo's default client: `method` (GET), `path` (/) and `kwargs`, which are those of Python's
 * `requests.request` and mean the same; without a timeout it is given up after 60 s. Other parameters are ignored, as by the
 * original.
 * @throws RequestError that names the parameter, if it does not fit or can't be had.
 */
export function requestOf(parameters: PyObject): OutgoingRequest {
  const kwargs = kwargsOf(parameters['kwargs']);
  const body = bodyOf(kwargs['data'], kwargs['json']);
  const headers = headersOf(kwargs['headers']);
  const cookies = cookieField(kwargs['cookies']);
  const has = (field: string) => Object.keys(headers).some(name => name.toLowerCase() === field);
  return outgoingRequest({
    method: text('method', parameters['method'], 'get').toUpperCase(),
    path: targetOf(text('path', parameters['path'], '/'), kwargs['params']),
    headers: {
      ...headers,
      ...(body.type !== undefined && !has('content-type') && { 'Content-Type': body.type }),
      ...(cookies !== '' && !has('cookie') && { Cookie: cookies }),
    },
    body: body.bytes ?? Buffer.alloc(0),
    ...timeoutsOf(kwargs['timeout']),
    options: optionsOf(kwargs),
  });
}
