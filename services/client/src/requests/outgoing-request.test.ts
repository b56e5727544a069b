import { Connections, HttpRequest } from '@galileo/proto/client';
import { describe, expect, it } from 'vitest';
import { outgoingRequest } from './outgoing-request.ts';
import { RequestError } from './request-error.ts';

describe('outgoingRequest', () => {
  it('fills in what was left out', () => {
    const expected = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 60 };
    expect(outgoingRequest(undefined)).toEqual(expected);
    expect(outgoingRequest(HttpRequest.fromPartial({}))).toEqual(expected);
  });

  it('takes everything else as written, but for the case of the standard methods', () => {
    const request = { method: 'post', path: '/a?b=%20c', headers: { 'X-Key': 'välue' }, body: Buffer.from('x'), timeout: 0.5 };
    expect(outgoingRequest(request)).toEqual({ ...request, method: 'POST' });
    expect(outgoingRequest({ ...request, method: 'Purge' }).method).toBe('Purge');
  });

  it('takes time-outs of its parts, and how it is connected', () => {
    const request = { connectTimeout: 0.5, firstByteTimeout: 2, connections: Connections.PER_REQUEST };
    expect(outgoingRequest(request)).toMatchObject({ connectTimeout: 0.5, firstByteTimeout: 2, connections: 'per-request' });
    const reuse = outgoingRequest({ connectTimeout: 0, firstByteTimeout: 0, connections: Connections.REUSE });
    for (const name of ['connectTimeout', 'firstByteTimeout', 'connections']) expect(reuse).not.toHaveProperty(name);
  });

  const refused: readonly [why: string, field: Partial<HttpRequest>, message: RegExp][] = [
    ['a method that is none', { method: 'GET /' }, /request.method: found "GET \/"; allowed: an HTTP method/],
    ['CONNECT', { method: 'connect' }, /request.method: found "connect"/],
    ['a path without a slash', { path: 'a' }, /request.path: found "a"; allowed: a path that begins with \//],
    ['a path that would end the request line', { path: '/a b' }, /request.path/],
    ['a fragment', { path: '/a#b' }, /request.path/],
    ['a second request in the path', { path: '/\r\n' }, /request.path/],
    ['a header name that is none', { headers: { 'a b': '1' } }, /request.headers: found "a b"/],
    [
      'framing',
      { headers: { 'Content-Length': '1' } },
      /request.headers: found "Content-Length"; allowed: .* not one of content-length/,
    ],
    ['a second header in the value', { headers: { a: '1\r\nb: 2' } }, /request.headers\["a"\]: found "1\\r\\nb: 2"/],
    ['a negative time-out', { timeout: -1 }, /request.timeout: found -1; allowed: seconds above 0/],
    [
      'a connect time-out that is no number',
      { connectTimeout: Number.NaN },
      /request.connect_timeout: found null; allowed: seconds/,
    ],
    ['a negative first byte time-out', { firstByteTimeout: -1 }, /request.first_byte_timeout: found -1; allowed: .* 0 for none/],
    [
      'connections of another kind',
      { connections: 7 as Connections },
      /request.connections: found 7; allowed: CONNECTIONS_REUSE/,
    ],
    ['an endless time-out', { timeout: Number.POSITIVE_INFINITY }, /request.timeout/],
  ];
  for (const [why, fields, message] of refused) {
    it(`refuses ${why}`, () => {
      const request = HttpRequest.fromPartial(fields);
      expect(() => outgoingRequest(request)).toThrow(RequestError);
      expect(() => outgoingRequest(request)).toThrow(message);
    });
  }
});
