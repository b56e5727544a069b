import type { PyJson, PyObject } from '@galileo/wire';
import { requestOf } from '../redis/request-parameters.ts';
import { outgoingRequest } from '../requests/outgoing-request.ts';
import { RequestError } from '../requests/request-error.ts';
import type { MadeRequest } from './thread-messages.ts';

const known = ['method', 'path', 'headers', 'query', 'body', 'json', 'timeout'];
const mostBodyBytes = 16 * 1024 * 1024;
const forms = 'an object, or a list of method, path and keyword arguments';

/** A value as errors show it: JSON does not hold everything that a program may give. */
function shown(value: unknown): unknown {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    return String(value);
  }
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    return 'a value without JSON';
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** A mapping of texts; numbers and booleans become text, and what is null or undefined is left out. */
function texts(field: string, value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isMapping(value)) throw new RequestError(field, shown(value), 'an object of texts');
  const found: Record<string, string> = {};
  for (const [name, entry] of Object.entries(value)) {
    if (entry === undefined || entry === null) continue;
    if (typeof entry !== 'string' && typeof entry !== 'number' && typeof entry !== 'boolean') {
      throw new RequestError(`${field}[${JSON.stringify(name)}]`, shown(entry), 'text, a number or a boolean');
    }
    found[name] = String(entry);
  }
  return found;
}

function optional<T>(field: string, value: unknown, type: 'string' | 'number', fallback: T): T {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== type) throw new RequestError(field, shown(value), type === 'string' ? 'text' : 'a number');
  return value as T;
}

function pathOf(path: string, query: unknown): string {
  const search = new URLSearchParams(texts('query', query)).toString();
  return search === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${search}`;
}

function bodyOf(body: unknown, json: unknown): Buffer {
  if (body !== undefined && body !== null) {
    if (json !== undefined) throw new RequestError('json', shown(json), 'none beside a body');
    if (typeof body === 'string') return Buffer.from(body);
    if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    throw new RequestError('body', shown(body), 'text or a Uint8Array');
  }
  if (json === undefined) return Buffer.alloc(0);
  const text = JSON.stringify(json);
  if (text === undefined) throw new RequestError('json', shown(json), 'a value that JSON can hold');
  return Buffer.from(text);
}

function ofFields(fields: Record<string, unknown>) {
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) throw new RequestError(name, shown(fields[name]), `no such field, but ${known.join(', ')}`);
  }
  const headers = texts('headers', fields['headers']);
  const typed = fields['json'] === undefined || Object.keys(headers).some(name => name.toLowerCase() === 'content-type');
  return outgoingRequest({
    method: optional('method', fields['method'], 'string', ''),
    path: pathOf(optional('path', fields['path'], 'string', '/') || '/', fields['query']),
    headers: typed ? headers : { ...headers, 'Content-Type': 'application/json' },
    body: bodyOf(fields['body'], fields['json']),
    timeout: optional('timeout', fields['timeout'], 'number', 0),
  });
}

/** As the original's generators give it: `[method, path, kwargs]`, the last one as for Python's `requests.request`. */
function ofList(list: readonly unknown[]) {
  if (list.length < 2 || list.length > 3) throw new RequestError('result', shown(list), forms);
  const [method, path, kwargs = null] = list;
  // Numbers of JavaScript's JSON are Python's too.
  const plain = JSON.parse(JSON.stringify({ method, path, kwargs })) as PyJson;
  return requestOf(plain as PyObject);
}

/**
 * The request that `nextRequest` gave, checked. Its body has a buffer of its own, which can be handed to another thread.
 * @throws RequestError that names the field, what was found and what is allowed.
 */
export function madeRequest(value: unknown): MadeRequest {
  if (!Array.isArray(value) && !isMapping(value)) throw new RequestError('result', shown(value), forms);
  const { body, ...request } = Array.isArray(value) ? ofList(value) : ofFields(value);
  if (request.options !== undefined) {
    throw new RequestError('kwargs', 'allow_redirects or proxies', 'neither of them in a request of an app');
  }
  if (body !== undefined && body.length > mostBodyBytes) {
    throw new RequestError('body', `${body.length} bytes`, `up to ${mostBodyBytes} bytes`);
  }
  return { ...request, body: body === undefined ? undefined : new Uint8Array(body) };
}
