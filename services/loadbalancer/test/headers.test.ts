import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Balancer, startBalancer } from './balancer.ts';
import { converse, followSocket, get, openRaw, parseResponse, type RawUpstream, startRawUpstream } from './raw.ts';

/** What the upstream answers next. */
let next = '';
let upstream: RawUpstream;
let balancer: Balancer;
beforeAll(async () => {
  upstream = await startRawUpstream(({ socket }) => {
    const connection = followSocket(socket);
    socket.on('data', () => {
      if (connection.received().includes('\r\n\r\n')) socket.end(next, 'latin1');
    });
  });
  balancer = await startBalancer([upstream.address]);
});
afterAll(async () => {
  await balancer[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** Sends a request and returns the head that the upstream got. */
async function relay(bytes: string): Promise<string[]> {
  next = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok';
  await converse(balancer.http, bytes);
  return upstream.connections.at(-1)!.received().split('\r\n\r\n')[0]!.split('\r\n');
}

/** Has the upstream answer so and returns what the client gets. */
async function reply(bytes: string, request = get()) {
  next = bytes;
  return parseResponse((await converse(balancer.http, request)).text);
}

describe('to the replica', () => {
  test('Host, X-Final-Host, X-Forwarded-For and the time stamp, and nothing that was not asked for', async () => {
    const began = Date.now() / 1000;
    const head = await relay(get('/function/f/a%2Fb?x=1', 'User-Agent: test', 'X-Forwarded-For: 1.2.3.4', 'X-Final-Host: evil'));
    const stamp = head.find(line => line.startsWith('X-Forwarded-Host-Nodex: '))!.split(': ')[1]!;
    expect(stamp).toMatch(/^\d+\.\d{7}$/);
    expect(Number(stamp)).toBeGreaterThan(began - 1);
    expect(Number(stamp)).toBeLessThan(Date.now() / 1000 + 1);
    expect(head).toEqual([
      'GET /a%2Fb?x=1 HTTP/1.1',
      `host: ${upstream.address}`,
      'connection: keep-alive',
      `X-Final-Host: ${upstream.address}`,
      'X-Forwarded-For: nodeX, 127.0.0.1',
      `X-Forwarded-Host-Nodex: ${stamp}`,
      'User-Agent: test',
    ]);
  });

  test('repeated fields, odd spelling and bytes above 127 pass', async () => {
    const lines = ['cookie: a=1', 'COOKIE: b=2', 'X-Latin: gr\xfc\xdf', 'x-empty: '];
    expect((await relay(get('/function/f', ...lines))).slice(-4)).toEqual(lines);
  });

  test('hop-by-hop fields and those that Connection lists are dropped; TE: trailers stays', async () => {
    const lines = ['Connection: close, X-Secret', 'X-Secret: 1', 'Keep-Alive: timeout=5', 'TE: trailers, gzip', 'Trailer: X-Sum'];
    const head = await relay(['GET /function/f HTTP/1.1', 'Host: lb', ...lines, 'X-Last: 1', '', ''].join('\r\n'));
    expect(head.slice(-2)).toEqual(['TE: trailers', 'X-Last: 1']);
    expect(head.join()).not.toMatch(/secret|timeout|x-sum/i);
  });

  test('no Accept-Encoding and no User-Agent are invented', async () => {
    expect((await relay(get())).join()).not.toMatch(/accept-encoding|user-agent/i);
  });

  test('the absolute-form becomes a path', async () => {
    expect((await relay(get('http://elsewhere/function/f/p?x=1')))[0]).toBe('GET /p?x=1 HTTP/1.1');
  });

  test('Expect: 100-continue is answered at once and not forwarded', async () => {
    const bytes =
      'POST /function/f HTTP/1.1\r\nHost: lb\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';
    next = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok';
    using client = openRaw(balancer.http);
    client.write(bytes);
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('hi');
    await client.until('HTTP/1.1 200 OK');
    expect(upstream.connections.at(-1)!.received()).not.toMatch(/expect/i);
  });

  test('another expectation is refused with 417', async () => {
    const { status } = parseResponse((await converse(balancer.http, get('/function/f', 'Expect: cake'))).text);
    expect(status).toBe('HTTP/1.1 417 Expectation Failed');
  });
});

describe('to the client', () => {
  const closing = 'Connection: close\r\n';

  test('the three fields come first, further ones of the replica follow, Server-Timing is appended', async () => {
    const lines = [
      'X-Final-Host: b:1',
      'x-forwarded-for: node2',
      'X-Forwarded-Host-Node2: 1.5',
      'Server-Timing: app;dur=3',
      'X-A: 1',
    ];
    const response = await reply(`HTTP/1.1 200 OK\r\n${closing}${lines.join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`);
    expect(response.status).toBe('HTTP/1.1 200 OK');
    expect(response.lines.slice(0, 2)).toEqual([`X-Final-Host: ${upstream.address}`, 'X-Forwarded-For: nodeX']);
    expect(response.lines[2]).toMatch(/^X-Forwarded-Host-Nodex: \d+\.\d{7}$/);
    expect(response.lines.slice(3, 9)).toEqual([...lines, 'Content-Length: 2']);
    expect(response.lines[9]).toMatch(/^Server-Timing: lb;dur=\d+\.\d{3}, upstream;dur=\d+\.\d{3}$/);
    expect(response.body).toBe('ok');
  });

  test("hop-by-hop fields are dropped; Set-Cookie lines, the reason phrase and the replica's Date stay", async () => {
    const lines = ['Set-Cookie: a', 'Set-Cookie: b', 'Date: Tue, 24 Nov 2026 00:00:00 GMT'];
    const dropped = 'Connection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=9\r\n';
    const response = await reply(`HTTP/1.1 500 Oops Custom\r\n${dropped}${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
    expect(response.status).toBe('HTTP/1.1 500 Oops Custom');
    expect(response.lines).toEqual(expect.arrayContaining(lines));
    expect(response.lines.join()).not.toMatch(/secret|timeout=9/i);
    expect(response.lines.filter(line => /^date:/i.test(line))).toHaveLength(1);
  });

  test('Server-Timing: the time to the first byte of the answer is the replica’s, the rest the load balancer’s', async () => {
    await using slow = await startRawUpstream(async connection => {
      await connection.until('\r\n\r\n');
      await new Promise(resolve => setTimeout(resolve, 60));
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    await balancer.weigh('slow', { [slow.address]: 1 });
    const began = performance.now();
    const { text } = await converse(balancer.http, get('/function/slow'));
    const [, own, upstreams] = /^Server-Timing: lb;dur=(.+), upstream;dur=(.+)\r$/m.exec(text)!.map(Number);
    expect(upstreams).toBeGreaterThan(55);
    expect(own! + upstreams!).toBeLessThan(performance.now() - began + 1);
  });

  test('without a name the node is called as the host', async () => {
    await using unnamed = await startBalancer([upstream.address], { eb_go_lb_node_name: '' });
    next = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    const { text } = await converse(unnamed.http, get());
    expect(text).toContain(`X-Forwarded-For: ${hostname()}\r\n`);
    expect(text.toLowerCase()).toContain(`x-forwarded-host-${hostname().toLowerCase()}: `);
  });

  test('nothing is sniffed or added but Date', async () => {
    const response = await reply(`HTTP/1.1 200 OK\r\n${closing}Content-Length: 6\r\n\r\n<html>`);
    const names = response.lines.map(line => line.split(':')[0]);
    const ours = [
      'X-Final-Host',
      'X-Forwarded-For',
      'X-Forwarded-Host-Nodex',
      'Content-Length',
      'Server-Timing',
      'Date',
      'Connection',
    ];
    expect(names).toEqual(ours);
  });

  test.each([
    ['200 with a length to HEAD', 'HEAD', '200 OK', 'Content-Length: 5\r\n', ['Content-Length: 5']],
    ['200 in chunks to HEAD', 'HEAD', '200 OK', 'Transfer-Encoding: chunked\r\n', []],
    ['204', 'GET', '204 No Content', '', []],
    ['204 with a length', 'GET', '204 No Content', 'Content-Length: 0\r\n', []],
    ['304 with a length', 'GET', '304 Not Modified', 'Content-Length: 5\r\nETag: "x"\r\n', ['Content-Length: 5', 'ETag: "x"']],
  ])('%s has no body and its framing stays right', async (_, method, status, fields, kept) => {
    const response = await reply(`HTTP/1.1 ${status}\r\n${closing}${fields}\r\n`, get().replace('GET', method));
    expect(response.status).toBe(`HTTP/1.1 ${status}`);
    expect(response.body).toBe('');
    expect(response.lines).toEqual(expect.arrayContaining(kept));
    if (kept.length === 0) expect(response.lines.join()).not.toMatch(/content-length|transfer-encoding/i);
  });

  test('a body that ends with the connection becomes chunked, for HTTP/1.0 it ends with the connection', async () => {
    const bytes = `HTTP/1.1 200 OK\r\n${closing}\r\nhello`;
    const modern = await reply(bytes);
    expect(modern.lines).toContain('Transfer-Encoding: chunked');
    expect(modern.body).toMatch(/^5\r\nhello\r\n0\r\n\r\n$/);
    const old = await reply(bytes, 'GET /function/f HTTP/1.0\r\n\r\n');
    expect(old.lines).toContain('Connection: close');
    expect(old.body).toBe('hello');
  });

  test('an HTTP/1.0 upstream is understood', async () => {
    const response = await reply('HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nhello');
    expect(response.status).toBe('HTTP/1.1 200 OK');
    expect(response.body).toBe('5\r\nhello\r\n0\r\n\r\n');
  });

  test('trailers are forwarded', async () => {
    const body = '5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n';
    const response = await reply(`HTTP/1.1 200 OK\r\n${closing}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    expect(response.lines).toContain('Trailer: X-Sum');
    expect(response.body).toBe(body);
  });

  test('103 is forwarded before the final response', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload, </b.css>; rel=preload\r\n\r\n';
    next = `${early}HTTP/1.1 200 OK\r\n${closing}Content-Length: 2\r\n\r\nok`;
    const { text } = await converse(balancer.http, get());
    expect(text.startsWith(early)).toBe(true);
    expect(parseResponse(text.slice(early.length)).status).toBe('HTTP/1.1 200 OK');
    const { text: old } = await converse(balancer.http, 'GET /function/f HTTP/1.0\r\n\r\n');
    expect(parseResponse(old).status).toBe('HTTP/1.1 200 OK');
  });
});
