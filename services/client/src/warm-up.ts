import { createServer, type Socket } from 'node:net';
import type { OutgoingRequest, Sender } from './sender.ts';

const request: OutgoingRequest = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 1 };
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok';

/**
 * Sends some requests to a server of its own, so that the first ones of a load are not late and slow because code is still
 * being loaded and compiled (measured: half of the queueing and service time of the first request).
 * @throws Error if nothing can be listened on.
 */
export async function warmUp(sender: Sender, requests = 200): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {}).on('data', () => socket.write(answer));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  try {
    for (let sent = 0; sent < requests; sent += 4) {
      await Promise.all(Array.from({ length: 4 }, () => new Promise(resolve => sender.send(host, request, resolve))));
    }
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
