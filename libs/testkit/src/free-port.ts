import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ephemeral ports of Linux (32768 ..) and of the others: while a server is being restarted its port can't be taken by
 * an outgoing connection or by a listener on port 0, and a client that tries it can't connect to itself.
 */
const lowest = 12_000;
const highest = 32_000;

/** A port of 127.0.0.1 that nobody listened on a moment ago. Who binds it must be ready for it being taken by then. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
