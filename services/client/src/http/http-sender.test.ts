import { createServer as createTcpServer, type Socket } from 'node:net';
import { startUpstream, until } from '@galileo/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer, OutgoingRequest } from '../sender.ts';
import { createHttpSender, type HttpSenderOptions } from './http-sender.ts';

const get: OutgoingRequest = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 10 };
const cleanUp: AsyncDisposable[] = [];

afterEach(async () => {
  for (const item of cleanUp.splice(0).reverse()) await item[Symbol.asyncDispose]();
});

function own<T extends AsyncDisposable>(item: T): T {
  cleanUp.push(item);
  return item;
}

const now = () => Date.now() / 1000;

function sender(options: Partial<HttpSenderOptions> = {}) {
  const idleFailures: string[] = [];
  const onIdleFailure = (host: string) => idleFailures.push(host);
  const made = own(createHttpSender({ now, connections: 100, keepBody: 0, keepHeaders: true, onIdleFailure, ...options }));
  const ask = (host: string, request: Partial<OutgoingRequest> = {}) =>
    new Promise<Answer>(resolve => made.send(host, { ...get, ...request }, { answered: resolve }));
  return { ...made, ask, idleFailures };
}

/** A server that does with each connection what it is told. */
async function startTcp(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return own({
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  });
}

describe('a request that is answered', () => {
  it('has all its times in order, the headers as they came and the size of the body', async () => {
    const upstream = own(
      await startUpstream((_request, response) => {
        response.writeHead(200, [
          ['X-Final-Host', 'a:1'],
          ['x-final-host', 'b:2'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ]);
        response.end('hello');
      }),
    );
    const { ask } = sender();
    const answer = await ask(upstream.address);
    expect(answer).toMatchObject({ status: 200, error: null, bytes: 5, body: null });
    expect(JSON.parse(`{${answer.headers}}`)).toMatchObject({ 'X-Final-Host': 'a:1, b:2', 'Set-Cookie': 'a=1, b=2' });
    const times = [answer.connected!, answer.sent, answer.firstByte!, answer.done];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(now() - times[0]!).toBeLessThan(10);
  });

  it('arrives as it was written', async () => {
    const seen: string[] = [];
    const tcp = await startTcp(socket => {
      socket.on('data', data => {
        seen.push(data.toString());
        if (data.includes('body')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
      });
    });
    const { ask } = sender();
    const request = { method: 'POST', path: '/function/pi?n=2', headers: { 'X-Key': '1' }, body: Buffer.from('body') };
    expect((await ask(tcp.address, request)).status).toBe(204);
    expect(seen.join('')).toBe(
      `POST /function/pi?n=2 HTTP/1.1\r\nhost: ${tcp.address}\r\nconnection: keep-alive\r\nX-Key: 1\r\ncontent-length: 4\r\n\r\nbody`,
    );
  });

  it('goes over the connection that is there, and only the first one is charged for it', async () => {
    const ports = new Set<number>();
    const upstream = own(
      await startUpstream((request, response) => {
        ports.add(request.socket.remotePort!);
        response.end();
      }),
    );
    const { ask } = sender();
    const connected: boolean[] = [];
    for (let i = 0; i < 5; i += 1) connected.push((await ask(upstream.address)).connected !== null);
    expect(connected).toEqual([true, false, false, false, false]);
    expect(ports.size).toBe(1);
  });

  it('is answered all the same when the server closes the connection after each answer', async () => {
    const upstream = own(
      await startUpstream((_request, response) => {
        response.writeHead(200, { connection: 'close' }).end('x');
      }),
    );
    const { ask } = sender({ connections: 2 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(upstream.address)));
    expect(answers.map(answer => answer.status)).toEqual(new Array(20).fill(200));
  });

  it('may be answered with an error, which is an answer', async () => {
    const upstream = own(await startUpstream((_request, response) => response.writeHead(500).end('no')));
    expect(await sender().ask(upstream.address)).toMatchObject({ status: 500, error: null, bytes: 2 });
  });

  it('keeps as much of the body as it is told', async () => {
    const upstream = own(await startUpstream((_request, response) => response.end('x'.repeat(200_000))));
    const answer = await sender({ keepBody: 1000 }).ask(upstream.address);
    expect([answer.bytes, answer.body?.toString()]).toEqual([200_000, 'x'.repeat(1000)]);
  });

  it('does for HEAD and for a body without a length', async () => {
    const upstream = own(
      await startUpstream((_request, response) => {
        response.write('a');
        response.end('b');
      }),
    );
    const { ask } = sender({ keepBody: 10 });
    expect((await ask(upstream.address, { method: 'HEAD' })).bytes).toBe(0);
    expect((await ask(upstream.address)).body?.toString()).toBe('ab');
  });
});

describe('a request that fails', () => {
  const cases: readonly [kind: string, sent: boolean, onConnection: (socket: Socket) => void][] = [
    ['closed', true, socket => socket.once('data', () => socket.end())],
    ['reset', true, socket => socket.once('data', () => socket.resetAndDestroy())],
    ['timeout', true, () => {}],
    ['protocol', true, socket => socket.once('data', () => socket.write('SSH-2.0-OpenSSH\r\n'))],
    ['closed', true, socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'))],
    ['timeout', true, socket => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'))],
  ];
  for (const [kind, sent, onConnection] of cases) {
    it(`is ${kind} (${onConnection})`, async () => {
      const tcp = await startTcp(onConnection);
      const answer = await sender().ask(tcp.address, { timeout: kind === 'timeout' ? 0.2 : 10 });
      expect(answer).toMatchObject({ status: -1, error: kind });
      expect(answer.sent > 0).toBe(sent);
    });
  }

  it('is refused where nobody listens, and was never sent', async () => {
    const upstream = await startUpstream(() => {});
    await upstream[Symbol.asyncDispose]();
    const answers = await Promise.all(Array.from({ length: 50 }, () => sender().ask(upstream.address)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: -1, error: 'refused', sent: -1, connected: null, firstByte: null, bytes: null });
    }
  });

  it('is dns where there is no such host', async () => {
    expect(await sender().ask('no-such-host.invalid:80', { timeout: 20 })).toMatchObject({ status: -1, error: 'dns', sent: -1 });
  });

  it('is given up at once, waiting, sent or half answered', async () => {
    const tcp = await startTcp(socket => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')));
    const { send } = sender({ connections: 1 });
    const answers: Answer[] = [];
    const sendings = [1, 2].map(() => send(tcp.address, get, { answered: answer => answers.push(answer) }));
    await until('the request to arrive', () => [...tcp.sockets][0]?.bytesRead);
    for (const sending of sendings) sending.giveUp('cancelled');
    for (const sending of sendings) sending.giveUp('cancelled');
    expect(answers.map(({ status, error, sent }) => [status, error, sent > 0])).toEqual([
      [-1, 'cancelled', true],
      [-1, 'cancelled', false],
    ]);
    await until('the connection to be closed', () => [...tcp.sockets][0]?.destroyed);
  });
});

describe('connections', () => {
  it('are opened for every request that would have to wait, up to the limit', async () => {
    let most = 0;
    const held: (() => void)[] = [];
    const upstream = own(
      await startUpstream((_request, response) => {
        held.push(() => response.end());
        most = Math.max(most, held.length);
      }),
    );
    const { ask } = sender({ connections: 3 });
    const answers = Array.from({ length: 10 }, () => ask(upstream.address));
    await until('three requests at the server', () => held.length === 3);
    for (let answered = 0; answered < 10; answered += 1) {
      const answer = await until('a request', () => held.shift());
      answer();
    }
    expect((await Promise.all(answers)).map(answer => answer.status)).toEqual(new Array(10).fill(200));
    expect(most).toBe(3);
  });

  it('are opened ahead without a request', async () => {
    let bytes = 0;
    const tcp = await startTcp(socket => {
      socket.on('data', data => {
        bytes += data.length;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const { prepare, ask } = sender();
    prepare(tcp.address);
    await until('a connection', () => tcp.sockets.size === 1);
    expect(bytes).toBe(0);
    const before = now();
    const answer = await ask(tcp.address);
    expect(answer.status).toBe(200);
    expect(answer.connected).toBeLessThanOrEqual(before);
    expect(tcp.sockets.size).toBe(1);
  });

  it('opened ahead that can not be had are reported, and nothing else happens', async () => {
    const upstream = await startUpstream(() => {});
    await upstream[Symbol.asyncDispose]();
    const { prepare, idleFailures } = sender();
    prepare(upstream.address);
    await until('the report', () => idleFailures.length > 0);
    expect(idleFailures).toEqual([upstream.address]);
  });

  it('whose answer came before the request was written to its end carry no other', async () => {
    const tcp = await startTcp(socket => {
      socket.once('data', data => {
        // It reads no more than the begin of what is too much.
        if (data.length > 1000) socket.pause();
        socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const { ask } = sender();
    const body = Buffer.alloc(32 * 1024 * 1024);
    expect((await ask(tcp.address, { method: 'POST', body })).status).toBe(413);
    expect((await ask(tcp.address)).status).toBe(413);
    expect(tcp.sockets.size).toBe(2);
  });

  it('that ended while they were idle cost no request', async () => {
    const tcp = await startTcp(socket => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    });
    const { ask } = sender();
    for (let i = 0; i < 3; i += 1) {
      expect((await ask(tcp.address)).status).toBe(200);
      for (const socket of tcp.sockets) socket.destroy();
      // What the kernel has told by now is seen before the next request is written.
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    expect(tcp.sockets.size).toBe(3);
  });

  it('that are idle are ended before their server would do it, and the next request has a new one', async () => {
    const tcp = await startTcp(socket => {
      const answer = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 0\r\n\r\n';
      socket.on('data', () => socket.write(answer));
    });
    const { ask } = sender();
    await Promise.all([ask(tcp.address), ask(tcp.address)]);
    expect([...tcp.sockets].map(({ destroyed }) => destroyed)).toEqual([false, false]);
    // The server ends none by itself.
    await until('both to be ended', () => [...tcp.sockets].every(({ destroyed }) => destroyed));
    expect((await ask(tcp.address)).connected).not.toBeNull();
    expect(tcp.sockets.size).toBe(3);
  });

  it('to hosts that are not named any more are given back: idle ones at once, others after their answers', async () => {
    const held: Socket[] = [];
    const answer = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=600\r\nContent-Length: 0\r\n\r\n';
    const open = (socket: Socket) =>
      socket.on('data', data => {
        if (data.toString().startsWith('GET /held')) held.push(socket);
        else socket.write(answer);
      });
    const [left, stays] = [await startTcp(open), await startTcp(open)];
    const { ask, retain } = sender({ connections: 2 });
    await Promise.all([left, stays].flatMap(({ address }) => [ask(address), ask(address)]));
    expect([left.sockets.size, stays.sockets.size]).toEqual([2, 2]);
    // One on the way, one in line for its connection.
    const onTheWay = [1, 2, 3].map(() => ask(left.address, { path: '/held' }));
    await until('what is on the way', () => held.length === 2);
    retain!(new Set([stays.address]));
    for (const socket of held) socket.write(answer);
    await until('what was in line', () => held.length === 3);
    held[2]!.write(answer);
    expect((await Promise.all(onTheWay)).map(({ status }) => status)).toEqual([200, 200, 200]);
    await until('its connections to be ended', () => [...left.sockets].every(({ destroyed }) => destroyed));
    expect([...stays.sockets].map(({ destroyed }) => destroyed)).toEqual([false, false]);
    expect((await ask(stays.address)).connected).toBeNull();
    const sockets = left.sockets.size;
    expect(await ask(left.address)).toMatchObject({ status: 200, connected: expect.any(Number) });
    expect(left.sockets.size).toBe(sockets + 1);
  });

  it('that are being opened to such hosts are not awaited, but by requests', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    const tcp = await startTcp(socket => socket.on('data', () => socket.write(answer)));
    const { prepare, retain, send, ask } = sender();
    for (let i = 0; i < 3; i += 1) prepare(tcp.address);
    const waits = ask(tcp.address);
    const kinds: (string | null)[] = [];
    const sending = send(tcp.address, get, { answered: ({ error }) => kinds.push(error) });
    retain!(new Set());
    sending.giveUp('cancelled');
    expect((await waits).status).toBe(200);
    await until('no connection', () => [...tcp.sockets].every(({ destroyed }) => destroyed));
    expect(kinds).toEqual(['cancelled']);
  });
});
