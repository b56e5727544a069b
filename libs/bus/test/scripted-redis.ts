import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createRespParser } from '../src/redis/resp.ts';

/** A server that answers commands as it is told, for what a real Redis says only in rare states. */
export async function startScriptedRedis(answer: (words: readonly string[], socket: Socket) => string | undefined) {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const parser = createRespParser({
      message() {},
      reply(words) {
        const text = answer(words as string[], socket);
        if (text !== undefined) socket.write(text);
      },
    });
    socket.on('data', data => {
      for (let at = 0; at < data.length; ) {
        const space = parser.space();
        const piece = data.subarray(at, at + space.length);
        space.set(piece);
        parser.received(piece.length);
        at += piece.length;
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    settings: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
