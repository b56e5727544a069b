import { connect, type Socket } from 'node:net';
import { Client } from 'undici';

/** One keep-alive connection with undici's HTTP/1.1 on it. */
export interface Connection {
  /** When it was established, UNIX seconds. */
  readonly established: number;
  readonly client: Client;
  /** True once it has carried a request. */
  used: boolean;
  /** Can it carry another request? */
  alive(): boolean;
  /** Ends it at once; a request on it fails. */
  destroy(): void;
}

/** The connection had ended before the request was written to it: another one may be tried. */
export class StaleConnectionError extends Error {
  constructor() {
    super('the connection has ended');
    this.name = 'StaleConnectionError';
  }
}

/** Splits HOST:PORT (an IPv6 host in brackets; port 80 unless told). */
function endpoint(host: string): { host: string; port: number } {
  const { hostname, port } = new URL(`http://${host}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) };
}

/** undici's client over a socket that is connected already. It never connects by itself: it gets this socket or none. */
function clientOver(host: string, socket: Socket): Client {
  let given = false;
  return new Client(`http://${host}`, {
    pipelining: 1,
    // The whole request has one time-out, which is not undici's.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_options, callback) => {
      // undici does not expect to be called back before `connect` has returned.
      queueMicrotask(() => {
        if (given || socket.destroyed) callback(new StaleConnectionError(), null);
        else callback(null, socket);
        given = true;
      });
    },
  });
}

export interface ConnectionEvents {
  opened(connection: Connection): void;
  /** It could not be established. */
  failed(error: Error): void;
  /** It was established and has ended. */
  closed(): void;
}

/**
 * Opens a connection to a host. Exactly one of `opened` and `failed` is called, never before this returns.
 * @returns ends the attempt.
 */
export function openConnection(host: string, now: () => number, events: ConnectionEvents): () => void {
  const socket = connect({ ...endpoint(host), noDelay: true, keepAlive: true });
  socket.once('connect', () => {
    const client = clientOver(host, socket);
    const connection: Connection = {
      established: now(),
      client,
      used: false,
      alive: () => !socket.destroyed && socket.writable && !socket.readableEnded,
      destroy() {
        socket.destroy();
        client.destroy(new StaleConnectionError(), () => {});
      },
    };
    socket.removeListener('error', events.failed);
    // undici listens too, once a request is on its way; before that nobody would, and an error would end the process.
    socket.on('error', () => {});
    socket.once('close', () => {
      connection.destroy();
      events.closed();
    });
    events.opened(connection);
  });
  socket.once('error', events.failed);
  return () => socket.destroy();
}
