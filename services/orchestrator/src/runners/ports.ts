import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

// Below what systems hand out to outgoing connections (from 32768 on Linux, 49152 elsewhere), so that no connection of
// a neighbour takes the port between its being found and its being listened on.
const lowest = 20_000;
const highest = 32_767;

/** No port was free. */
class NoFreePortError extends Error {
  constructor() {
    super(`no free port on 127.0.0.1 among the tried ones from ${lowest} to ${highest}`);
    this.name = 'NoFreePortError';
  }
}

/** Finds `count` different free ports of 127.0.0.1. @throws NoFreePortError */
export async function freePorts(count: number): Promise<number[]> {
  const held: { port: number; server: Server }[] = [];
  try {
    for (let tries = 0; held.length < count; tries++) {
      if (tries > count + 200) throw new NoFreePortError();
      const port = randomInt(lowest, highest + 1);
      const server = await listen(port);
      if (server !== undefined) held.push({ port, server });
    }
    return held.map(entry => entry.port);
  } finally {
    await Promise.all(held.map(({ server }) => new Promise(resolve => server.close(resolve))));
  }
}

/** Can a port of 127.0.0.1 be listened on now? */
export async function portIsFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise(resolve => server.close(resolve));
  return true;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
