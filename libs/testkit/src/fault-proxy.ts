import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { carry, createPacer, type Direction, type LinkState } from './faulty-link.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** A TCP proxy on 127.0.0.1 whose network can be made bad. Faults hold until `heal`. Disposing it resets all connections. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** HOST:PORT. */
  readonly address: string;
  /** Clients' connections that are open now. */
  readonly connections: number;
  /** Clients' connections that were ever accepted. */
  readonly accepted: number;
  /** Every byte takes so many seconds longer, in each direction. */
  delay(seconds: number): void;
  /** All connections together pass at most so many bytes per second in each direction. */
  throttle(bytesPerSecond: number): void;
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Keeps connections open and accepts new ones, but nothing passes: neither bytes nor ends. They go on when healed. */
  halfOpen(): Promise<void>;
  /** Resets the connections that are open; new ones are accepted as before. */
  reset(): void;
  /** Ends all faults. What `halfOpen` held back passes then, as on a real network. */
  heal(): Promise<void>;
}

interface Connection {
  readonly client: Socket;
  /** Connects to the target, once. */
  open(): void;
  changed(): void;
  reset(): void;
}

/**
 * While a socket connects there is nothing to reset, and resetAndDestroy would wait for the connection. While its end is on the
 * way libuv refuses the reset (EINVAL); Node then never closes the handle, and spins on it for ever when the process ends.
 */
function resetSocket(socket: Socket): void {
  const ending = socket.writableEnded && !socket.writableFinished;
  if (socket.connecting || ending) socket.destroy();
  else socket.resetAndDestroy();
}

/** Starts a proxy to `target` (HOST:PORT), which need not be there: then a connection is accepted and reset. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const colon = target.lastIndexOf(':');
  const to = { host: target.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(target.slice(colon + 1)) };
  const state: LinkState = { delay: 0, rate: Number.POSITIVE_INFINITY, blocked: false };
  const pacers = { up: createPacer(state), down: createPacer(state) };
  const connections = new Set<Connection>();
  let accepted = 0;
  let server: Server | undefined;

  function accept(client: Socket): void {
    accepted++;
    let upstream: Socket | undefined;
    let directions: readonly Direction[] = [];
    const connection: Connection = {
      client,
      open() {
        if (upstream !== undefined) return;
        upstream = connect({ ...to, allowHalfOpen: true, noDelay: true });
        upstream.on('error', connection.reset);
        upstream.on('close', closed);
        directions = [carry(client, upstream, state, pacers.up), carry(upstream, client, state, pacers.down)];
      },
      changed() {
        if (!state.blocked) connection.open();
        for (const direction of directions) direction.changed();
      },
      reset() {
        connections.delete(connection);
        resetSocket(client);
        if (upstream !== undefined) resetSocket(upstream);
      },
    };
    /** Both ends have been passed on, or one was reset. */
    function closed(failed: boolean): void {
      if (failed) connection.reset();
      if (client.destroyed && (upstream?.destroyed ?? true)) connections.delete(connection);
    }
    client.on('error', connection.reset);
    client.on('close', closed);
    connections.add(connection);
    if (!state.blocked) connection.open();
  }

  async function listen(port: number): Promise<void> {
    if (server !== undefined) return;
    const created = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, accept);
    created.listen(port, '127.0.0.1');
    await once(created, 'listening');
    server = created;
  }

  function reset(): void {
    for (const connection of connections) connection.reset();
  }

  async function cut(): Promise<void> {
    const closing = server;
    server = undefined;
    closing?.close();
    reset();
    if (closing !== undefined) await once(closing, 'close');
  }

  function change(changes: Partial<LinkState>): void {
    Object.assign(state, changes);
    for (const connection of connections) connection.changed();
  }

  await until('a free port for the fault proxy', async () => {
    await listen(await freePort());
    return true;
  });
  const { port } = server!.address() as AddressInfo;

  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    get connections() {
      return connections.size;
    },
    get accepted() {
      return accepted;
    },
    delay: seconds => change({ delay: seconds * 1000 }),
    throttle: bytesPerSecond => change({ rate: bytesPerSecond }),
    cut,
    reset,
    async halfOpen() {
      change({ blocked: true });
      await listen(port);
    },
    async heal() {
      change({ delay: 0, rate: Number.POSITIVE_INFINITY, blocked: false });
      await listen(port);
    },
    [Symbol.asyncDispose]: cut,
  };
}
