import { createServer } from 'node:net';
import { until } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { startBalancer } from './balancer.ts';
import {
  answering,
  closedAddress,
  converse,
  followSocket,
  get,
  ok,
  openRaw,
  parseResponse,
  type RawConnection,
  startRawUpstream,
} from './raw.ts';

/** Waits for the head of the request, then does what `then` says. */
const after = (then: (connection: RawConnection) => void) => async (connection: RawConnection) => {
  await connection.until('\r\n\r\n');
  then(connection);
};
const sending = (bytes: string) => after(connection => connection.socket.end(bytes, 'latin1'));
const reset = after(connection => connection.socket.resetAndDestroy());

describe('a replica that gives no proper answer: 502, one line, and the three fields of the hop', () => {
  test.each([
    ['closes at once', sending(''), 'connection closed without an answer'],
    ['resets', reset, 'connection reset'],
    ['sends garbage', sending('hello world\r\n\r\n'), 'no proper answer: '],
    ['breaks off in the status line', sending('HTTP/1.1 200'), 'connection closed without an answer'],
    ['breaks off in the head', sending('HTTP/1.1 200 OK\r\nContent-Le'), 'connection closed without an answer'],
    ['sends a status that is none', sending('HTTP/1.1 2000 OK\r\n\r\n'), 'no proper answer: '],
    ['sends two lengths', sending('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'), 'no proper answer: '],
    ['upgrades unasked', sending('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'), ''],
    [
      'sends too large a head',
      sending(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`),
      'head of the answer is larger than 65536 bytes',
    ],
  ])('%s', async (_, script, reason) => {
    await using upstream = await startRawUpstream(script);
    await using balancer = await startBalancer([upstream.address]);
    const { text, end } = await converse(balancer.http, get());
    const response = parseResponse(text);
    expect(response.status).toBe('HTTP/1.1 502 Bad Gateway');
    expect(response.lines.slice(0, 2)).toEqual([`X-Final-Host: ${upstream.address}`, 'X-Forwarded-For: nodeX']);
    expect(response.lines[2]).toMatch(/^X-Forwarded-Host-Nodex: \d+\.\d{7}$/);
    expect(response.body).toMatch(/^replica [^\n]+\n$/);
    expect(response.body).toContain(`replica ${upstream.address}: ${reason}`);
    expect(end).toBe('end');
    // A first answer on a new connection is not tried again.
    expect(upstream.connections).toHaveLength(1);
    const { replicas } = await balancer.rpc.getStatistics({});
    expect(replicas).toEqual([{ function: 'f', address: upstream.address, requests: 1, errors: 1, inFlight: 0 }]);
  });

  test('refuses; the connection of the client stays usable, also with a body under way', async () => {
    const address = await closedAddress();
    await using balancer = await startBalancer([address]);
    using client = openRaw(balancer.http);
    client.write(`POST /function/f HTTP/1.1\r\nHost: lb\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(500_000)}`);
    await client.until(`replica ${address}: connection refused\n`);
    client.write(`${'x'.repeat(500_000)}GET /function/f HTTP/1.1\r\nHost: lb\r\n\r\n`);
    await client.until(`replica ${address}: connection refused\n`, 2);
  });
});

describe('a replica that is slow: 504', () => {
  test('no answer within galileo_lb_response_timeout', async () => {
    await using upstream = await startRawUpstream(() => {});
    await using balancer = await startBalancer([upstream.address], { galileo_lb_response_timeout: '200ms' });
    const response = parseResponse((await converse(balancer.http, get())).text);
    expect(response.status).toBe('HTTP/1.1 504 Gateway Timeout');
    expect(response.body).toBe(`replica ${upstream.address}: no answer within 0.2 s (galileo_lb_response_timeout)\n`);
  });

  test('a pause in the body that is longer breaks the connection', async () => {
    await using upstream = await startRawUpstream(
      after(connection => connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')),
    );
    await using balancer = await startBalancer([upstream.address], { galileo_lb_response_timeout: '200ms' });
    const response = parseResponse((await converse(balancer.http, get())).text);
    expect(response.status).toBe('HTTP/1.1 200 OK');
    expect(response.body).toBe('hello');
  });
});

describe('an answer that breaks off never ends cleanly', () => {
  const head = (...lines: string[]) => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');
  test.each([
    ['shorter than its length', head('Content-Length: 10'), 'end'],
    ['shorter than its length, Connection: close', head('Content-Length: 10', 'Connection: close'), 'end'],
    ['reset before its length', head('Content-Length: 10'), 'reset'],
    ['chunks without an end', `${head('Transfer-Encoding: chunked')}5\r\n`, 'end'],
    ['chunks without an end, Connection: close', `${head('Transfer-Encoding: chunked', 'Connection: close')}5\r\n`, 'end'],
    ['chunks reset', `${head('Transfer-Encoding: chunked')}5\r\n`, 'reset'],
    ['chunks reset, Connection: close', `${head('Transfer-Encoding: chunked', 'Connection: close')}5\r\n`, 'reset'],
    ['a malformed chunk', `${head('Transfer-Encoding: chunked')}5\r\nhello\r\nzz\r\n`, 'end'],
  ] as const)('%s', async (_, bytes, how) => {
    await using upstream = await startRawUpstream(after(connection => connection.write(`${bytes}hello`)));
    await using balancer = await startBalancer([upstream.address]);
    /** The replica breaks off when the client has got what there is. */
    async function breakOff(request: string) {
      using client = openRaw(balancer.http);
      client.write(request);
      await client.until('hello');
      const { socket } = upstream.connections.at(-1)!;
      if (how === 'end') socket.end();
      else socket.resetAndDestroy();
      const end = await client.ended();
      return { ...parseResponse(client.received()), end };
    }
    const modern = await breakOff(get());
    expect(modern.status).toBe('HTTP/1.1 200 OK');
    expect(modern.body).toBe(modern.lines.includes('Content-Length: 10') ? 'hello' : '5\r\nhello\r\n');

    const old = await breakOff('GET /function/f HTTP/1.0\r\n\r\n');
    expect(old.body).toBe('hello');
    if (!old.lines.includes('Content-Length: 10')) expect(old.end).toBe('ECONNRESET');
    const [row] = (await balancer.rpc.getStatistics({})).replicas;
    expect(row).toMatchObject({ requests: 2, errors: 2, inFlight: 0 });
  });
});

test('a client that goes is no error of the replica, whose connection is broken off', async () => {
  await using upstream = await startRawUpstream(() => {});
  await using balancer = await startBalancer([upstream.address]);
  const client = openRaw(balancer.http);
  client.write(get());
  await until('request at the replica', () => upstream.requests().includes('\r\n\r\n'));
  expect((await balancer.rpc.getStatistics({})).replicas[0]).toMatchObject({ requests: 1, inFlight: 1 });
  client[Symbol.dispose]();
  await upstream.connections[0]!.ended();
  await until('nothing in flight', async () => (await balancer.rpc.getStatistics({})).replicas[0]!.inFlight === 0);
  expect((await balancer.rpc.getStatistics({})).replicas[0]).toMatchObject({ requests: 1, errors: 0 });
});

test('a replica that comes back is used again', async () => {
  const address = await closedAddress();
  await using balancer = await startBalancer([address]);
  expect(parseResponse((await converse(balancer.http, get())).text).status).toBe('HTTP/1.1 502 Bad Gateway');
  const server = createServer(socket => answering(ok)(followSocket(socket)));
  await new Promise<void>(resolve => server.listen(Number(address.split(':')[1]), '127.0.0.1', resolve));
  expect(parseResponse((await converse(balancer.http, get())).text).status).toBe('HTTP/1.1 200 OK');
  await balancer.weigh('f', {});
  await new Promise(resolve => server.close(resolve));
});
