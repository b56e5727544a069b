import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { until } from './until.ts';

async function startTarget(handler: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    handler(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

const startEcho = () => startTarget(socket => socket.pipe(socket));

/** A connection through the proxy that collects what it gets. */
async function dial(proxy: FaultProxy) {
  const socket = connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true });
  let received = '';
  const seen = { ended: false };
  const failure = new Promise<string>(resolve => socket.on('error', error => resolve((error as NodeJS.ErrnoException).code!)));
  await Promise.race([once(socket, 'connect'), failure.then(code => Promise.reject(new Error(code)))]);
  socket.on('data', data => {
    received += data;
  });
  socket.on('end', () => {
    seen.ended = true;
  });
  return {
    socket,
    failure,
    seen,
    received: () => received,
    async exchange(text: string) {
      received = '';
      socket.write(text);
      await until(`echo of ${text}`, () => received === text);
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

describe('startFaultProxy', () => {
  it('passes bytes both ways on several connections, and counts them', async () => {
    await using target = await startEcho();
    await using proxy = await startFaultProxy(target.address);
    using one = await dial(proxy);
    using two = await dial(proxy);
    await Promise.all([one.exchange('first'), two.exchange('second')]);
    expect([proxy.connections, proxy.accepted]).toEqual([2, 2]);
    one.socket.destroy();
    await until('one connection', () => proxy.connections === 1);
    await two.exchange('third');
    expect(proxy.accepted).toBe(2);
  });

  it('passes the end of one direction without ending the other', async () => {
    await using target = await startTarget(socket => {
      let text = '';
      socket.on('data', data => {
        text += data;
      });
      socket.on('end', () => socket.end(`got ${text}`));
    });
    await using proxy = await startFaultProxy(target.address);
    using client = await dial(proxy);
    client.socket.end('all of it');
    await until('the end', () => client.seen.ended);
    expect(client.received()).toBe('got all of it');
    await until('no connection', () => proxy.connections === 0);
  });

  it('resets a connection whose target resets it, or is not there', async () => {
    const target = await startTarget(socket => socket.once('data', () => socket.resetAndDestroy()));
    await using proxy = await startFaultProxy(target.address);
    using client = await dial(proxy);
    client.socket.write('x');
    expect(await client.failure).toBe('ECONNRESET');
    await target[Symbol.asyncDispose]();
    using late = await dial(proxy);
    expect(await late.failure).toBe('ECONNRESET');
    await until('no connection', () => proxy.connections === 0);
  });

  it('cuts: resets what is open, refuses what is new, and heals on the same port', async () => {
    await using target = await startEcho();
    await using proxy = await startFaultProxy(target.address);
    using client = await dial(proxy);
    await client.exchange('before');
    await proxy.cut();
    expect(await client.failure).toBe('ECONNRESET');
    expect(proxy.connections).toBe(0);
    await expect(dial(proxy)).rejects.toThrow('ECONNREFUSED');
    await proxy.heal();
    using again = await dial(proxy);
    await again.exchange('after');
  });

  it('resets what is open and goes on accepting', async () => {
    await using target = await startEcho();
    await using proxy = await startFaultProxy(target.address);
    using client = await dial(proxy);
    await client.exchange('before');
    proxy.reset();
    expect(await client.failure).toBe('ECONNRESET');
    using again = await dial(proxy);
    await again.exchange('after');
  });

  it('is half open: accepts, passes nothing, keeps all, and passes it when it has healed', async () => {
    await using target = await startEcho();
    await using proxy = await startFaultProxy(target.address);
    using old = await dial(proxy);
    await old.exchange('before');
    await proxy.halfOpen();
    using fresh = await dial(proxy);
    for (const client of [old, fresh]) client.socket.end('held back');
    await until('both are held', () => proxy.connections === 2);
    // What another proxy to the same target passes meanwhile shows that there was time enough.
    await using other = await startFaultProxy(target.address);
    using witness = await dial(other);
    for (let i = 0; i < 20; i++) await witness.exchange(`exchange ${i}`);
    expect([old.received(), fresh.received()]).toEqual(['before', '']);
    expect([old.seen.ended, fresh.seen.ended]).toEqual([false, false]);
    await proxy.heal();
    await until('both have come', () => old.seen.ended && fresh.seen.ended);
    expect([old.received(), fresh.received()]).toEqual(['beforeheld back', 'held back']);
  });

  it('goes from cut to half open and back', async () => {
    await using target = await startEcho();
    await using proxy = await startFaultProxy(target.address);
    await proxy.cut();
    await proxy.halfOpen();
    using client = await dial(proxy);
    client.socket.write('x');
    await proxy.cut();
    expect(await client.failure).toBe('ECONNRESET');
    await proxy.heal();
    using again = await dial(proxy);
    await again.exchange('after');
  });

  it('delays every byte in each direction, and not more than once', async () => {
    await using target = await startEcho();
    await using proxy = await startFaultProxy(target.address);
    using client = await dial(proxy);
    await client.exchange('quick');
    proxy.delay(0.1);
    const start = performance.now();
    await client.exchange('slow');
    expect(performance.now() - start).toBeGreaterThan(195);
    proxy.delay(3600);
    client.socket.write('for ever');
    await proxy.heal();
    await until('what the delay had held', () => client.received() === 'slowfor ever');
  });

  it('throttles all connections together, each at its turn', async () => {
    await using target = await startEcho();
    await using proxy = await startFaultProxy(target.address);
    using one = await dial(proxy);
    using two = await dial(proxy);
    proxy.throttle(100_000);
    const start = performance.now();
    const text = 'x'.repeat(15_000);
    await Promise.all([one.exchange(text), two.exchange(text)]);
    expect(performance.now() - start).toBeGreaterThan(290);
    proxy.throttle(1);
    one.socket.write('slow as can be');
    await proxy.heal();
    await until('the rest', () => one.received() === `${text}slow as can be`);
  });

  it.each([
    ['does not read', async () => {}],
    ['is behind a half open link', (proxy: FaultProxy) => proxy.halfOpen()],
    ['is behind a slow link', (proxy: FaultProxy) => proxy.throttle(100_000)],
    ['is behind a long link', (proxy: FaultProxy) => proxy.delay(3600)],
  ])('makes the sender wait when the receiver %s, and loses nothing', async (_, disturb) => {
    const block = randomBytes(64 * 1024);
    const blocks = 1024;
    let sent = 0;
    await using target = await startTarget(socket => {
      const source = Readable.from(
        (function* () {
          for (; sent < blocks; sent++) yield block;
        })(),
      );
      pipeline(source, socket).catch(() => {});
    });
    await using proxy = await startFaultProxy(target.address);
    const client = connect({ host: proxy.host, port: proxy.port });
    await once(client, 'connect');
    await disturb(proxy);
    // The sender is asked until it has not moved for a while.
    let still = 0;
    let before = -1;
    await until('the sender waits', () => {
      still = sent === before ? still + 1 : 0;
      before = sent;
      return still > 20;
    });
    expect(sent).toBeLessThan(blocks * 0.75);
    await proxy.heal();
    const hash = createHash('sha256');
    for await (const data of client) hash.update(data as Buffer);
    const expected = createHash('sha256');
    for (let i = 0; i < blocks; i++) expected.update(block);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });
});
