import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Balancer, startBalancer } from './balancer.ts';
import { answering, converse, get, ok, openRaw, parseResponse, type RawUpstream, startRawUpstream } from './raw.ts';

let upstream: RawUpstream;
let balancer: Balancer;
beforeAll(async () => {
  upstream = await startRawUpstream(answering(ok));
  balancer = await startBalancer([upstream.address]);
});
afterAll(async () => {
  await balancer[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const ask = async (bytes: string) => parseResponse((await converse(balancer.http, bytes)).text);
const text = 'Content-Type: text/plain; charset=utf-8';

test.each([
  ['/function/unknown', 'no servers found for function: unknown'],
  ['/function/', 'no servers found for function: '],
  ['/function/unknown?x=1', 'no servers found for function: unknown'],
  ['/foo', 'invalid URL format: /foo\n'],
  ['/', 'invalid URL format: /\n'],
  ['/function', 'invalid URL format: /function\n'],
  ['/foo/bar', 'not a function call: /foo/bar\n'],
])('GET %s is not found', async (path, reason) => {
  const response = await ask(get(path));
  expect(response.status).toBe('HTTP/1.1 404 Not Found');
  expect(response.body).toBe(`error selecting server: ${reason} - in zone-a`);
  expect(response.lines).toContain(text);
  expect(response.lines.filter(line => /^x-|^server-timing/i.test(line))).toEqual([]);
});

test.each([
  ['//function/f', '/function/f'],
  ['/function//f', '/function/f'],
  ['/function/./f?x=1', '/function/f?x=1'],
  ['/function/f/..', '/function'],
])('GET %s is moved to %s', async (path, location) => {
  const response = await ask(get(path));
  expect(response.status).toBe('HTTP/1.1 301 Moved Permanently');
  expect(response.lines).toContain(`Location: ${location}`);
});

describe('malformed requests are refused with 400 and closed', () => {
  const post = (...lines: string[]) => ['POST /function/f HTTP/1.1', ...lines, '', 'abcd'].join('\r\n');
  test.each([
    ['a % without hex digits', 'GET /function/f/p%zz HTTP/1.1\r\nHost: lb\r\n\r\n', 'the path has a % without two hex digits'],
    ['no Host', 'GET /function/f HTTP/1.1\r\n\r\n', 'found no Host field; allowed: one'],
    ['two Hosts', 'GET /function/f HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 'found 2 Host fields; allowed: one'],
    ['two Hosts in HTTP/1.0', 'GET /function/f HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n', 'found 2 Host fields; allowed: one'],
    ['two lengths', post('Host: a', 'Content-Length: 4', 'Content-Length: 3'), 'Duplicate Content-Length'],
    ['length and chunks', post('Host: a', 'Content-Length: 4', 'Transfer-Encoding: chunked'), "can't be present with"],
    ['chunks and length', post('Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 4'), "can't be present with"],
    ['a length that is none', post('Host: a', 'Content-Length: -4'), 'Invalid character in Content-Length'],
    ['a transfer coding that does not end in chunked', post('Host: a', 'Transfer-Encoding: gzip'), ''],
    ['a space before the colon', 'GET /function/f HTTP/1.1\r\nHost : lb\r\n\r\n', 'Invalid header token'],
    ['bare line feeds', 'GET /function/f HTTP/1.1\nHost: lb\n\n', ''],
    ['no HTTP at all', 'hello\r\n\r\n', 'Invalid method'],
    ['* with another method than OPTIONS', 'GET * HTTP/1.1\r\nHost: lb\r\n\r\n', '* is for OPTIONS, not for GET'],
  ])('%s', async (_, bytes, reason) => {
    const seen = upstream.requests();
    const response = await ask(bytes);
    expect(response.status).toBe('HTTP/1.1 400 Bad Request');
    expect(response.lines).toContain(text);
    expect(response.body).toContain(reason);
    expect(upstream.requests()).toBe(seen);
  });
});

test('a head beyond the limit is refused with 431', async () => {
  const { status } = await ask(get('/function/f', `X-Long: ${'x'.repeat(70_000)}`));
  expect(status).toBe('HTTP/1.1 431 Request Header Fields Too Large');
});

test('a head of many fields within the limit arrives whole', async () => {
  const fields = Array.from({ length: 3000 }, (_, i) => `X-${i}: ${i}`);
  const { status } = await ask(get('/function/f', ...fields));
  expect(status).toBe('HTTP/1.1 200 OK');
  expect(upstream.requests()).toContain(fields.join('\r\n'));
});

test('CONNECT is refused with 405, OPTIONS * answered with 200, an upgrade with 501', async () => {
  const connect = await ask('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n');
  expect(connect.status).toBe('HTTP/1.1 405 Method Not Allowed');
  const options = await ask('OPTIONS * HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n');
  expect([options.status, options.body]).toEqual(['HTTP/1.1 200 OK', '']);
  const upgrade = await ask('GET /function/f HTTP/1.1\r\nHost: lb\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n');
  expect(upgrade.status).toBe('HTTP/1.1 501 Not Implemented');
  expect(upgrade.body).toBe('upgrade to "websocket" is not possible; allowed: HTTP/1.1\n');
});

test('an upgrade to h2c is ignored', async () => {
  const lines = ['Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
  const { status } = await ask(['GET /function/f/h2c HTTP/1.1', 'Host: lb', ...lines, '', ''].join('\r\n'));
  expect(status).toBe('HTTP/1.1 200 OK');
  const request = upstream.connections.map(connection => connection.received()).find(seen => seen.includes('/h2c'))!;
  expect(request).not.toMatch(/upgrade|http2/i);
});

test('without a weight above 0 there is 503', async () => {
  await balancer.weigh('idle', { [upstream.address]: 0 });
  const response = await ask(get('/function/idle'));
  expect(response.status).toBe('HTTP/1.1 503 Service Unavailable');
  expect(response.body).toBe('no replica of function idle has a weight above 0 - in zone-a\n');
  await balancer.weigh('idle', {});
  expect((await ask(get('/function/idle'))).status).toBe('HTTP/1.1 404 Not Found');
});

test('an answer of its own keeps the connection, to HEAD it has no body, and all are counted', async () => {
  const before = (await balancer.rpc.getStatistics({})).ownAnswers;
  using client = openRaw(balancer.http);
  client.write('HEAD /foo HTTP/1.1\r\nHost: lb\r\n\r\n');
  const head = parseResponse(await client.until('\r\n\r\n'));
  expect(head.lines).toContain(`Content-Length: ${'error selecting server: invalid URL format: /foo\n - in zone-a'.length}`);
  expect(head.body).toBe('');
  client.write('POST /foo HTTP/1.1\r\nHost: lb\r\nContent-Length: 5\r\n\r\nhelloGET /bar HTTP/1.1\r\nHost: lb\r\n\r\n');
  expect(await client.until('invalid URL format: /bar')).not.toMatch(/^connection:/im);
  client.write('garbage\r\n\r\n');
  await client.until('400 Bad Request');
  expect(await client.ended()).toBe('end');
  expect((await balancer.rpc.getStatistics({})).ownAnswers).toBe(before + 4);
});

test('the handler dummy answers requests itself', async () => {
  await using dummy = await startBalancer([], { eb_go_lb_handler_type: 'dummy' });
  const { text: bytes } = await converse(dummy.http, get('/any/thing?x=1'));
  const response = parseResponse(bytes);
  expect(response.status).toBe('HTTP/1.1 200 OK');
  expect(response.body).toBe('Dummy response, URL: /any/thing?x=1, Host: lb');
  expect(parseResponse((await converse(dummy.http, get('/any//thing'))).text).status).toBe('HTTP/1.1 301 Moved Permanently');
});
