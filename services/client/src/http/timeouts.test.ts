import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { startUpstream, until } from '@galileo/testkit';
import { expect, it } from 'vitest';
import type { Answer, OutgoingRequest } from '../sender.ts';
import { createHttpSender } from './http-sender.ts';

const get: OutgoingRequest = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 10 };

function startSender(connections = 10) {
  const now = () => Date.now() / 1000;
  const sender = createHttpSender({ now, connections, keepBody: 0, keepHeaders: false, onIdleFailure() {} });
  const ask = (host: string, request: Partial<OutgoingRequest>) =>
    new Promise<Answer>(resolve => sender.send(host, { ...get, ...request }, { answered: resolve }));
  return { ...sender, ask };
}

/** Listens in a thread that stands still, so that the kernel alone takes connections: one or two, and no more. */
async function startDeafServer() {
  const held = new Int32Array(new SharedArrayBuffer(4));
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    const server = require('node:net').createServer(socket => socket.on('error', () => {}));
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setImmediate(() => Atomics.wait(workerData, 0, 0));
    });`;
  const thread = new Worker(program, { eval: true, workerData: held });
  const [port] = (await once(thread, 'message')) as [number];
  // One that is not taken within so long is not going to be: the queue is full.
  const filling: Socket[] = [];
  for (let isTaken = true; isTaken; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    filling.push(socket);
    isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<false>(resolve => setTimeout(resolve, 200, false)),
    ]);
  }
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of filling) socket.destroy();
      Atomics.store(held, 0, 1);
      Atomics.notify(held, 0);
      await thread.terminate();
    },
  };
}

it('a request whose connection is not established in time fails as connect timeout, with a connection of its own or not', async () => {
  await using server = await startDeafServer();
  await using sender = startSender();
  for (const connections of ['reuse', 'per-request'] as const) {
    const answer = await sender.ask(server.address, { connectTimeout: 0.05, connections });
    expect(answer).toMatchObject({ error: 'connect timeout', sent: -1, connected: null, status: -1 });
  }
  expect(await sender.ask(server.address, { timeout: 0.05 })).toMatchObject({ error: 'timeout', sent: -1 });
});

it('a request that waits in line for too long fails as connect timeout, and the one before it goes on', async () => {
  const held: (() => void)[] = [];
  await using upstream = await startUpstream((_request, response) => void held.push(() => response.end()));
  await using sender = startSender(1);
  const first = sender.ask(upstream.address, { connectTimeout: 10 });
  await until('the first request', () => held.length === 1);
  expect(await sender.ask(upstream.address, { connectTimeout: 0.05 })).toMatchObject({ error: 'connect timeout', sent: -1 });
  held.pop()!();
  expect(await first).toMatchObject({ status: 200, error: null });
});

it('a request without a first byte in time fails as first byte timeout; a slow rest is a matter of the whole', async () => {
  await using upstream = await startUpstream((request, response) => {
    if (request.url === '/late') return;
    response.write('begin');
    if (request.url === '/whole') response.end();
  });
  await using sender = startSender();
  expect(await sender.ask(upstream.address, { path: '/late', firstByteTimeout: 0.05 })).toMatchObject({
    error: 'first byte timeout',
    firstByte: null,
    status: -1,
  });
  expect(await sender.ask(upstream.address, { path: '/slow', firstByteTimeout: 5, timeout: 0.3 })).toMatchObject({
    error: 'timeout',
    bytes: 5,
  });
  const all = { connectTimeout: 5, firstByteTimeout: 5, path: '/whole' };
  expect(await sender.ask(upstream.address, all)).toMatchObject({ status: 200, error: null });
});

it('the shorter time-out comes first', async () => {
  await using upstream = await startUpstream(() => {});
  await using sender = startSender();
  expect((await sender.ask(upstream.address, { firstByteTimeout: 5, timeout: 0.05 })).error).toBe('timeout');
});
