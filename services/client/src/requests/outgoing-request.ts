import type { HttpRequest } from '@galileo/proto/client';
import type { OutgoingRequest } from '../sender.ts';

const defaultTimeout = 60;
const longestTimeout = 86_400;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const target = /^\/[!-"$-~]*$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Methods that are meant whatever their case, as in the Fetch standard; others are sent as written. */
const standard = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Fields that belong to the connection or to the framing, which are the sender's. */
const framing = ['content-length', 'transfer-encoding', 'keep-alive', 'upgrade', 'expect'];

/** A request that can't be sent; the message names the field, what was found and what is allowed. */
export class RequestError extends Error {
  constructor(field: string, found: unknown, allowed: string) {
    super(`request.${field}: found ${JSON.stringify(found)}; allowed: ${allowed}`);
    this.name = 'RequestError';
  }
}

function methodOf(method: string): string {
  const upper = method.toUpperCase();
  if (upper === 'CONNECT' || !token.test(method)) throw new RequestError('method', method, 'an HTTP method other than CONNECT');
  return standard.includes(upper) ? upper : method;
}

function checkHeader(name: string, value: string): void {
  const allowed = `a field name that is not one of ${framing.join(', ')}`;
  if (!token.test(name) || framing.includes(name.toLowerCase())) throw new RequestError('headers', name, allowed);
  if (!fieldValue.test(value)) {
    throw new RequestError(`headers[${JSON.stringify(name)}]`, value, 'text without line breaks and control characters');
  }
}

/** Fills in what was left out. @throws RequestError at the first field that does not fit. */
export function outgoingRequest(request: HttpRequest | undefined): OutgoingRequest {
  const path = request?.path || '/';
  if (!target.test(path))
    throw new RequestError('path', path, 'a path that begins with / and holds visible ASCII without # alone');
  const timeout = request?.timeout || defaultTimeout;
  if (!(timeout > 0 && timeout <= longestTimeout)) {
    throw new RequestError('timeout', timeout, `seconds above 0 and up to ${longestTimeout}, or 0 for ${defaultTimeout}`);
  }
  const headers = request?.headers ?? {};
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  const body = request?.body;
  return {
    method: methodOf(request?.method || 'GET'),
    path,
    headers,
    body: body !== undefined && body.length > 0 ? body : undefined,
    timeout,
  };
}
