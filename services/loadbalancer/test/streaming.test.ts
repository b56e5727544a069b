import { createHash, type Hash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startUpstream, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { startBalancer } from './balancer.ts';
import { startBalancerProcess } from './balancer-process.ts';
import { openRaw, startRawUpstream } from './raw.ts';

const megabyte = 1024 * 1024;
const block = randomBytes(megabyte);

/** A stream of so many megabytes, and its hash. */
function bytes(megabytes: number): { stream: Readable; hash: Hash } {
  const hash = createHash('sha256');
  function* blocks() {
    for (let i = 0; i < megabytes; i++) {
      block.writeUInt32BE(i);
      const copy = Buffer.from(block);
      hash.update(copy);
      yield copy;
    }
  }
  return { stream: Readable.from(blocks()), hash };
}

async function hashOf(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Waits until a count has stopped growing for a while. */
async function standstill(count: () => number): Promise<number> {
  let last = -1;
  return await until('standstill', async () => {
    if (count() === last) return last;
    last = count();
    await new Promise(resolve => setTimeout(resolve, 250));
    return 0;
  });
}

test('100 MB pass both ways at once, unchanged and in bounded memory', async () => {
  await using upstream = await startUpstream((incoming, response) => {
    response.writeHead(200, incoming.url === '/measured' ? { 'content-length': 100 * megabyte } : {});
    void pipeline(incoming, response);
  });
  await using balancer = await startBalancerProcess();
  await balancer.weigh('f', { [upstream.address]: 1 });
  const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${balancer.pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = peak();
  for (const path of ['measured', 'chunked']) {
    const headers = path === 'measured' ? { 'content-length': 100 * megabyte } : {};
    const request = httpRequest(`http://${balancer.http}/function/f/${path}`, { method: 'POST', headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).once('error', reject);
    });
    const { stream, hash } = bytes(100);
    const sent = pipeline(stream, request);
    const received = await hashOf(await answered);
    await sent;
    expect(received).toBe(hash.digest('hex'));
  }
  // 200 MB went in and out; without back-pressure they would have piled up.
  expect(peak() - before).toBeLessThan(150);
});

test('a client that reads slowly slows the replica down', async () => {
  let produced = 0;
  await using upstream = await startUpstream((_, response) => {
    const { stream } = bytes(64);
    stream.on('data', () => produced++).pipe(response);
  });
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.socket.pause();
  client.write('GET /function/f HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n');
  await until('the replica has begun', () => produced > 0);
  expect(await standstill(() => produced)).toBeLessThan(48);
  client.socket.resume();
  expect(await client.ended()).toBe('end');
  expect(client.received().length).toBeGreaterThan(64 * megabyte);
  expect(client.received().endsWith('\r\n0\r\n\r\n')).toBe(true);
});

test('a replica that reads slowly slows the client down', async () => {
  let incoming: IncomingMessage | undefined;
  await using upstream = await startUpstream((message, response) => {
    incoming = message;
    message.on('end', () => response.end('done'));
  });
  await using balancer = await startBalancer([upstream.address]);
  let sent = 0;
  const { stream } = bytes(64);
  stream.on('data', () => sent++);
  const request = httpRequest(`http://${balancer.http}/function/f`, { method: 'POST' });
  const answered = new Promise<IncomingMessage>(resolve => request.once('response', resolve));
  const all = pipeline(stream, request);
  await until('the replica has the request', () => incoming);
  expect(await standstill(() => sent)).toBeLessThan(48);
  incoming!.resume();
  await all;
  expect(await (await answered).toArray()).toEqual([Buffer.from('done')]);
});

test('a client that goes in the middle of its body: the replica sees the body broken off', async () => {
  let incoming: IncomingMessage | undefined;
  await using upstream = await startUpstream(message => {
    incoming = message.resume();
  });
  await using balancer = await startBalancer([upstream.address]);
  for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
    incoming = undefined;
    const client = openRaw(balancer.http);
    client.write(`POST /function/f HTTP/1.1\r\nHost: lb\r\n${framing}\r\n\r\n5\r\nhello\r\n`);
    await until('the replica has the request', () => incoming);
    client[Symbol.dispose]();
    await until('the replica sees the end', () => incoming!.destroyed);
    expect(incoming!.complete).toBe(false);
  }
  await until('nothing in flight', async () => (await balancer.rpc.getStatistics({})).replicas[0]!.inFlight === 0);
  expect((await balancer.rpc.getStatistics({})).replicas[0]).toMatchObject({ requests: 2, errors: 0 });
});

test('a client that goes in the middle of the answer: the replica is told', async () => {
  await using upstream = await startRawUpstream(async connection => {
    await connection.until('\r\n\r\n');
    connection.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello');
  });
  await using balancer = await startBalancer([upstream.address]);
  const client = openRaw(balancer.http);
  client.write('GET /function/f HTTP/1.1\r\nHost: lb\r\n\r\n');
  await client.until('hello');
  client[Symbol.dispose]();
  await upstream.connections[0]!.ended();
});

test('an answer that comes before the body has ended reaches the client, and the connection stays usable', async () => {
  await using upstream = await startRawUpstream(async connection => {
    await connection.until('\r\n\r\n');
    connection.write('HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
  });
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write(`POST /function/f HTTP/1.1\r\nHost: lb\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(100_000)}`);
  await client.until('\r\n\r\nno');
  client.write(`${'x'.repeat(100_000)}GET /function/unknown HTTP/1.1\r\nHost: lb\r\n\r\n`);
  await client.until('no servers found');
});

test('head and pieces of a slow answer are passed on at once', async () => {
  const steps: (() => void)[] = [];
  await using upstream = await startUpstream((_, response) => {
    steps.push(
      () => response.flushHeaders(),
      () => response.write('one'),
      () => response.end('two'),
    );
  });
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write('GET /function/f HTTP/1.1\r\nHost: lb\r\n\r\n');
  await until('the replica has the request', () => steps.length);
  for (const [step, seen] of [
    [0, '\r\n\r\n'],
    [1, 'one\r\n'],
    [2, 'two\r\n0\r\n\r\n'],
  ] as const) {
    expect(client.received()).not.toContain(seen);
    steps[step]!();
    await client.until(seen);
  }
});

test('a body of GET and empty bodies of POST are framed properly', async () => {
  const heads: string[] = [];
  await using upstream = await startUpstream((incoming, response) => {
    heads.push(`${incoming.method} ${incoming.headers['content-length']} ${incoming.headers['transfer-encoding']}`);
    incoming.resume().on('end', () => response.end('ok'));
  });
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  client.write('GET /function/f HTTP/1.1\r\nHost: lb\r\nContent-Length: 2\r\n\r\nhi');
  await client.until('\r\n\r\nok');
  client.write('POST /function/f HTTP/1.1\r\nHost: lb\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
  await client.until('\r\n\r\nok', 2);
  client.write('POST /function/f HTTP/1.1\r\nHost: lb\r\nContent-Length: 0\r\n\r\n');
  await client.until('\r\n\r\nok', 3);
  expect(heads).toEqual(['GET 2 undefined', 'POST 0 undefined', 'POST 0 undefined']);
});
