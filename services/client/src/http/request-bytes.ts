import type { OutgoingRequest } from '../sender.ts';

/**
 * What goes over the wire for a request to a host. The fields `host` and `connection` of the request itself are sent in place of
 * ours.
 */
function requestBytes({ method, path, headers, body, connections }: OutgoingRequest, host: string): Buffer {
  let fields = '';
  let hostField = `host: ${host}\r\n`;
  let connectionField = `connection: ${connections === 'per-request' ? 'close' : 'keep-alive'}\r\n`;
  for (const name of Object.keys(headers)) {
    fields += `${name}: ${headers[name]}\r\n`;
    if (name.length === 4 && name.toLowerCase() === 'host') hostField = '';
    else if (name.length === 10 && name.toLowerCase() === 'connection') connectionField = '';
  }
  // RFC 9110, section 8.6: a length of 0 is sent where the method makes one expect a body.
  const isExpected = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const size = body?.length ?? 0;
  if (body !== undefined || isExpected) fields += `content-length: ${size}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\n${hostField}${connectionField}${fields}\r\n`;
  // A character is a byte: what is more was refused when the request was made.
  const bytes = Buffer.allocUnsafe(head.length + size);
  bytes.write(head, 'latin1');
  if (body !== undefined) bytes.set(body, head.length);
  return bytes;
}

/** Makes the bytes of requests: of those that are sent again, once per host while the request is in use. */
export function createSerialiser(): (request: OutgoingRequest, host: string) => Buffer {
  const made = new WeakMap<OutgoingRequest, Map<string, Buffer>>();
  return (request, host) => {
    if (request.once) return requestBytes(request, host);
    let ofRequest = made.get(request);
    if (ofRequest === undefined) {
      ofRequest = new Map();
      made.set(request, ofRequest);
    }
    let bytes = ofRequest.get(host);
    if (bytes === undefined) {
      bytes = requestBytes(request, host);
      ofRequest.set(host, bytes);
    }
    return bytes;
  };
}
