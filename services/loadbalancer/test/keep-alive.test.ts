import { createServer, type IncomingMessage } from 'node:http';
import { startUpstream, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { startBalancer } from './balancer.ts';
import { answering, converse, get, ok, openRaw, parseResponse, startRawUpstream } from './raw.ts';

const request = (path = '/function/f', method = 'GET') => `${method} ${path} HTTP/1.1\r\nHost: lb\r\nContent-Length: 0\r\n\r\n`;

test('connections are kept on both sides', async () => {
  await using upstream = await startRawUpstream(answering(ok));
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  for (let i = 1; i <= 5; i++) {
    client.write(request());
    const text = await client.until('\r\n\r\nok', i);
    expect(text).not.toMatch(/^(connection|keep-alive):/im);
  }
  expect(upstream.connections).toHaveLength(1);
});

test('HTTP/1.0 keeps the connection where it is asked to', async () => {
  await using upstream = await startRawUpstream(answering(ok));
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  for (let i = 1; i <= 2; i++) {
    client.write('GET /function/f HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await client.until('\r\n\r\nok', i)).toContain('Connection: keep-alive');
  }
});

test('pipelined requests are handled one after the other and answered in order', async () => {
  const order: string[] = [];
  await using upstream = await startUpstream(async (incoming, response) => {
    order.push(`begin ${incoming.url}`);
    // The first answer takes longest.
    await new Promise(resolve => setTimeout(resolve, incoming.url === '/1' ? 50 : 0));
    order.push(`end ${incoming.url}`);
    response.end(`answer ${incoming.url}`);
  });
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write([1, 2, 3].map(i => request(`/function/f/${i}`)).join('') + request('/foo') + request('/function/f/4'));
  const text = await client.until('answer /4');
  expect(text.match(/answer \/\d|invalid URL format: \/foo/g)).toEqual([
    ...['answer /1', 'answer /2', 'answer /3', 'invalid URL format: /foo', 'answer /4'],
  ]);
  expect(order).toEqual([1, 2, 3, 4].flatMap(i => [`begin /${i}`, `end /${i}`]));
});

test('garbage after a request is refused after the answer to the request', async () => {
  await using upstream = await startUpstream(async (_, response) => {
    await new Promise(resolve => setTimeout(resolve, 50));
    response.end('first');
  });
  await using balancer = await startBalancer([upstream.address]);
  for (const [bytes, status] of [
    ['garbage\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'HTTP/1.1 405 Method Not Allowed'],
  ]) {
    const { text } = await converse(balancer.http, request() + bytes);
    expect(text.match(/HTTP\/1\.1 \d+ [\w ]+|first/g)).toEqual(['HTTP/1.1 200 OK', 'first', status]);
  }
});

test('a body that turns out malformed: 400, and the replica gets no end of it', async () => {
  const seen: IncomingMessage[] = [];
  await using upstream = await startUpstream(incoming => void seen.push(incoming.resume()));
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write('POST /function/f HTTP/1.1\r\nHost: lb\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  await until('request at the replica', () => seen.length === 1);
  client.write('zz\r\n');
  expect(parseResponse(await client.until('\r\n\r\n')).status).toBe('HTTP/1.1 400 Bad Request');
  expect(await client.ended()).toBe('end');
  await until('the replica sees it broken off', () => seen[0]!.destroyed);
  expect(seen[0]!.complete).toBe(false);
  expect((await balancer.rpc.getStatistics({})).replicas[0]).toMatchObject({ errors: 0, inFlight: 0 });
});

/** A replica that answers the first request on each connection and closes it when a second one comes, without a word. */
const closingOnReuse = () =>
  startRawUpstream(async connection => {
    await connection.until('\r\n\r\n');
    connection.write(ok);
    await connection.until('\r\n\r\n', 2);
    connection.socket.resetAndDestroy();
  });

test('a kept connection that the replica has closed is replaced silently for a request that can be repeated', async () => {
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
    await using upstream = await closingOnReuse();
    await using balancer = await startBalancer([upstream.address]);
    using client = openRaw(balancer.http);
    client.write(request());
    await client.until('\r\n\r\nok');
    client.write(request('/function/f', method));
    await client.until('\r\n\r\nok', 2);
    expect(upstream.connections).toHaveLength(2);
    const [row] = (await balancer.rpc.getStatistics({})).replicas;
    expect(row).toMatchObject({ requests: 2, errors: 0, inFlight: 0 });
  }
});

test.each([
  ['a POST', request('/function/f', 'POST')],
  ['a request with a body', 'PUT /function/f HTTP/1.1\r\nHost: lb\r\nContent-Length: 2\r\n\r\nhi'],
])('but not for %s', async (_, second) => {
  await using upstream = await closingOnReuse();
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write(request());
  await client.until('\r\n\r\nok');
  client.write(second);
  await client.until('HTTP/1.1 502 Bad Gateway');
  expect(upstream.requests().split('hi').length).toBeLessThan(3);
});

test('nor once a byte of the answer has come', async () => {
  await using upstream = await startRawUpstream(async connection => {
    await connection.until('\r\n\r\n');
    connection.write(ok);
    await connection.until('\r\n\r\n', 2);
    connection.socket.end('H');
  });
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write(request());
  await client.until('\r\n\r\nok');
  client.write(request());
  await client.until('HTTP/1.1 502 Bad Gateway');
  expect(upstream.connections).toHaveLength(1);
});

test('a replica that closes unused connections after 50 ms, with and without saying so, never causes a 502', async () => {
  const polite = createServer({ keepAliveTimeout: 50 }, (_, response) => response.end('ok'));
  polite.keepAliveTimeoutBuffer = 0;
  await new Promise<void>(resolve => polite.listen(0, '127.0.0.1', resolve));
  await using silent = await startRawUpstream(connection => {
    answering(ok)(connection);
    // A new connection is not closed before it was used: only one that has had an answer is unused.
    connection.socket.once('data', () => connection.socket.setTimeout(50, () => connection.socket.end()));
  });
  const { port } = polite.address() as { port: number };
  await using balancer = await startBalancer([`127.0.0.1:${port}`, silent.address]);
  const walk = async (offset: number) => {
    using client = openRaw(balancer.http);
    for (let i = 1; i <= 24; i++) {
      client.write(request());
      await client.until('HTTP/1.1 200 OK', i);
      await new Promise(resolve => setTimeout(resolve, 44 + offset + (i % 12)));
    }
    return client.received();
  };
  const received = await Promise.all([walk(0), walk(0.3), walk(0.6)]);
  expect(
    received
      .join('')
      .match(/HTTP\/1\.1 \d+/g)!
      .every(status => status === 'HTTP/1.1 200'),
  ).toBe(true);
  expect(silent.connections.length).toBeGreaterThan(3);
  polite.closeAllConnections();
  await new Promise(resolve => polite.close(resolve));
});

test('galileo_lb_replica_connections is the most there are; further requests wait', async () => {
  let open = 0;
  let most = 0;
  await using upstream = await startUpstream(async (_, response) => {
    most = Math.max(most, ++open);
    await new Promise(resolve => setTimeout(resolve, 10));
    open--;
    response.end('ok');
  });
  await using balancer = await startBalancer([upstream.address], { galileo_lb_replica_connections: '2' });
  const answers = await Promise.all(Array.from({ length: 10 }, () => converse(balancer.http, get())));
  expect(answers.every(({ text }) => parseResponse(text).status === 'HTTP/1.1 200 OK')).toBe(true);
  expect(most).toBe(2);
});

test('a request that waits for a connection can be given up', async () => {
  await using upstream = await startRawUpstream(() => {});
  await using balancer = await startBalancer([upstream.address], { galileo_lb_replica_connections: '1' });
  using first = openRaw(balancer.http);
  first.write(request());
  await until('first request at the replica', () => upstream.requests() !== '');
  const second = openRaw(balancer.http);
  second.write(request('/function/f/second'));
  const flying = async () => (await balancer.rpc.getStatistics({})).replicas[0]!.inFlight;
  await until('both in flight', async () => (await flying()) === 2);
  second[Symbol.dispose]();
  first[Symbol.dispose]();
  await until('none in flight', async () => (await flying()) === 0);
  expect(upstream.requests()).not.toContain('second');
});

test('galileo_lb_client_idle_timeout closes connections that are unused, were never used, or dawdle with a head', async () => {
  await using upstream = await startRawUpstream(answering(ok));
  await using balancer = await startBalancer([upstream.address], { galileo_lb_client_idle_timeout: '200ms' });
  using unused = openRaw(balancer.http);
  using silent = openRaw(balancer.http);
  using slow = openRaw(balancer.http);
  slow.write('GET /function/f HTTP/1.1\r\n');
  unused.write(request());
  await unused.until('\r\n\r\nok');
  for (const client of [unused, silent, slow]) expect(await client.ended()).toBe('end');
  expect(silent.received()).toBe('');
  expect(parseResponse(slow.received()).status).toBe('HTTP/1.1 408 Request Timeout');
});

test('unless it is set, a client may connect long before it asks', async () => {
  await using upstream = await startRawUpstream(answering(ok));
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  await new Promise(resolve => setTimeout(resolve, 1500));
  client.write(request());
  await client.until('\r\n\r\nok');
});

test('a connection to a replica is followed by another one when it ends between two requests', async () => {
  await using upstream = await startRawUpstream(answering(ok));
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write(request());
  await client.until('\r\n\r\nok');
  upstream.connections[0]!.socket.end();
  await upstream.connections[0]!.ended();
  client.write(request('/function/f', 'POST'));
  await client.until('\r\n\r\nok', 2);
  expect(upstream.connections).toHaveLength(2);
});
