import { createServer, type Server, type Socket } from 'node:net';
import { until } from '@galileo/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer, OutgoingRequest } from '../sender.ts';
import { createHttpSender } from './http-sender.ts';

const reuse: OutgoingRequest = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 10 };
const single: OutgoingRequest = { ...reuse, connections: 'per-request' };
const keeps = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const cleanUp: AsyncDisposable[] = [];

afterEach(async () => {
  for (const item of cleanUp.splice(0).reverse()) await item[Symbol.asyncDispose]();
});

/** Answers each request, and does as `connection: close` asks only if it is `obedient`. */
async function startServer(obedient: boolean, answer: (socket: Socket) => void = socket => void socket.write(keeps)) {
  const sockets: Socket[] = [];
  const heads: string[] = [];
  const server: Server = createServer(socket => {
    sockets.push(socket);
    socket
      .on('error', () => {})
      .on('data', head => {
        heads.push(head.toString());
        answer(socket);
        if (obedient && head.includes('connection: close')) socket.end();
      });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const started = {
    ...{ address: `127.0.0.1:${(server.address() as { port: number }).port}`, sockets, heads },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
  cleanUp.push(started);
  return started;
}

function sender(connections: number) {
  const now = () => Date.now() / 1000;
  const made = createHttpSender({ now, connections, keepBody: 0, keepHeaders: false, onIdleFailure() {} });
  cleanUp.push(made);
  const ask = (host: string, request: OutgoingRequest) =>
    new Promise<Answer>(resolve => made.send(host, request, { answered: resolve }));
  return { ...made, ask };
}

describe('a connection per request', () => {
  for (const obedient of [true, false]) {
    it(`is opened for it and ends with its answer, also if the server ${obedient ? 'ends it' : 'would keep it'}`, async () => {
      const server = await startServer(obedient);
      const { ask } = sender(10);
      for (let n = 0; n < 3; n++) expect(await ask(server.address, single)).toMatchObject({ status: 200, error: null });
      expect((await ask(server.address, single)).connected).not.toBeNull();
      expect(server.sockets).toHaveLength(4);
      expect(server.heads.every(head => head.includes('\r\nconnection: close\r\n'))).toBe(true);
      await until('all connections to end', () => server.sockets.every(socket => socket.destroyed));
    });
  }

  it('carries no request of another kind, and takes no connection from them', async () => {
    const server = await startServer(false);
    const { ask, prepare } = sender(10);
    expect((await ask(server.address, reuse)).connected).not.toBeNull();
    await ask(server.address, single);
    expect((await ask(server.address, reuse)).connected).toBeNull();
    expect(server.sockets).toHaveLength(2);
    prepare(server.address, single);
    await ask(server.address, reuse);
    expect(server.sockets).toHaveLength(2);
  });

  it.for([1, 2, 5])('takes turns with others at a limit of %i, which is kept', async limit => {
    let held = 0;
    let most = 0;
    const server = await startServer(false, socket => {
      most = Math.max(most, ++held);
      setImmediate(() => {
        held--;
        socket.write(keeps);
      });
    });
    const { ask } = sender(limit);
    const order: string[] = [];
    const asked = Array.from({ length: 60 }, (_, n) => {
      const request = n < 40 ? reuse : single;
      return ask(server.address, request).then(answer => {
        order.push(request === single ? 'single' : 'reuse');
        return answer.status;
      });
    });
    expect(await Promise.all(asked)).toEqual(new Array(60).fill(200));
    expect(most).toBeLessThanOrEqual(limit);
    expect(order.indexOf('single')).toBeLessThan(10);
    expect(order.lastIndexOf('reuse')).toBeGreaterThan(40);
  });

  it('makes an idle one go at the limit', async () => {
    const server = await startServer(false);
    const { ask } = sender(1);
    for (const request of [reuse, single, reuse, single]) expect((await ask(server.address, request)).status).toBe(200);
    expect(server.sockets).toHaveLength(4);
  });

  it('is not opened for a request that was given up, and its failure is told', async () => {
    const server = await startServer(false, () => {});
    const { ask, send } = sender(1);
    const answers: Answer[] = [];
    const sendings = [1, 2].map(() => send(server.address, single, { answered: answer => answers.push(answer) }));
    await until('the first request', () => server.heads.length === 1);
    for (const sending of sendings.reverse()) sending.giveUp('cancelled');
    expect(answers.map(answer => [answer.error, answer.sent > 0])).toEqual([
      ['cancelled', false],
      ['cancelled', true],
    ]);
    send(server.address, single, { answered: answer => answers.push(answer) }).giveUp('cancelled');
    await server[Symbol.asyncDispose]();
    expect(await ask(server.address, single)).toMatchObject({ error: 'refused', sent: -1 });
    expect(server.heads).toHaveLength(1);
    expect(answers).toHaveLength(3);
  });
});
