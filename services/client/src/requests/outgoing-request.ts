import { Connections, type HttpRequest } from '@galileo/proto/client';
import type { OutgoingRequest } from '../sender.ts';
import { httpOptions } from './http-options.ts';
import { RequestError } from './request-error.ts';

/** Time-out of a request that names none, seconds. */
export const defaultTimeout = 60;
const longestTimeout = 86_400;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const target = /^\/[!-"$-~]*$/;
/** What the value of a header field may be. */
export const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Methods that are meant whatever their case, as in the Fetch standard; others are sent as written. */
const standard = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Fields that belong to the connection or to the framing, which are the sender's. */
const framing = ['content-length', 'transfer-encoding', 'keep-alive', 'upgrade', 'expect'];

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

function timeoutOf(field: string, seconds: number, absent: string): number {
  if (seconds > 0 && seconds <= longestTimeout) return seconds;
  throw new RequestError(field, seconds, `seconds above 0 and up to ${longestTimeout}, or 0 for ${absent}`);
}

/** What few requests have. */
function seldomFields(request: Partial<HttpRequest>): Partial<OutgoingRequest> {
  const { connectTimeout = 0, firstByteTimeout = 0, connections = Connections.UNSPECIFIED } = request;
  const none = 'none but that of the whole request';
  if (!Object.values<number>(Connections).includes(connections)) {
    throw new RequestError('connections', connections, 'CONNECTIONS_REUSE, CONNECTIONS_PER_REQUEST');
  }
  return {
    ...(connectTimeout !== 0 && { connectTimeout: timeoutOf('connect_timeout', connectTimeout, none) }),
    ...(firstByteTimeout !== 0 && { firstByteTimeout: timeoutOf('first_byte_timeout', firstByteTimeout, none) }),
    ...(connections === Connections.PER_REQUEST && { connections: 'per-request' as const }),
  };
}

/** Fills in what was left out. @throws RequestError at the first field that does not fit. */
export function outgoingRequest(request: Partial<HttpRequest> = {}): OutgoingRequest {
  const path = request.path || '/';
  if (!target.test(path))
    throw new RequestError('path', path, 'a path that begins with / and holds visible ASCII without # alone');
  const timeout = timeoutOf('timeout', request.timeout || defaultTimeout, String(defaultTimeout));
  const { headers = {}, body } = request;
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  const seldom = seldomFields(request);
  const options = httpOptions(request.options, headers);
  if (options?.http2 && seldom.connections === 'per-request') {
    throw new RequestError(
      'connections',
      'CONNECTIONS_PER_REQUEST with HTTP/2',
      'CONNECTIONS_REUSE, as it has one connection for all',
    );
  }
  return {
    method: methodOf(request.method || 'GET'),
    path,
    headers,
    body: body !== undefined && body.length > 0 ? body : undefined,
    timeout,
    ...seldom,
    ...(options !== undefined && { transport: 'undici' as const, options }),
  };
}
