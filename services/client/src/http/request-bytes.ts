import type { OutgoingRequest } from '../sender.ts';

/** Has the request a field of that name, in any case? */
function has(headers: Readonly<Record<string, string>>, name: string): boolean {
  return Object.keys(headers).some(key => key.toLowerCase() === name);
}

/**
 * What goes over the wire for a request to a host. `persistent`: the connection is to be kept; the fields `host` and `connection`
 * of the request itself are sent in place of ours.
 */
function requestBytes(request: OutgoingRequest, host: string, persistent: boolean): Buffer {
  const { method, path, headers, body } = request;
  const fields: string[] = [];
  if (!has(headers, 'host')) fields.push(`host: ${host}`);
  if (!has(headers, 'connection')) fields.push(`connection: ${persistent ? 'keep-alive' : 'close'}`);
  for (const [name, value] of Object.entries(headers)) fields.push(`${name}: ${value}`);
  // RFC 9110, section 8.6: a length of 0 is sent where the method makes one expect a body.
  const isExpected = method === 'POST' || method === 'PUT' || method === 'PATCH';
  if (body !== undefined || isExpected) fields.push(`content-length: ${body?.length ?? 0}`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

/** Makes the bytes of requests, each once per host while the request is in use. */
export function createSerialiser(persistent: boolean): (request: OutgoingRequest, host: string) => Buffer {
  const made = new WeakMap<OutgoingRequest, Map<string, Buffer>>();
  return (request, host) => {
    let ofRequest = made.get(request);
    if (ofRequest === undefined) {
      ofRequest = new Map();
      made.set(request, ofRequest);
    }
    let bytes = ofRequest.get(host);
    if (bytes === undefined) {
      bytes = requestBytes(request, host, persistent);
      ofRequest.set(host, bytes);
    }
    return bytes;
  };
}
