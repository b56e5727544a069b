import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { ClosedError } from '../http/errors.ts';
import type { HttpOptions } from '../requests/http-options.ts';
import { connectFailure, KnownError } from './failure.ts';
import { type ForwardProxy, openTunnel } from './proxy.ts';

export interface ConnectorOptions {
  readonly tls: HttpOptions['tls'];
  readonly http2: boolean;
  /** Through which TLS connections are tunnelled; others are made to it by who asks for them. */
  readonly proxy: ForwardProxy | undefined;
  /** Seconds that a connection may take. */
  readonly timeout: number;
  /** UNIX seconds. */
  now(): number;
}

/** A connection that was made ahead. */
interface Spare {
  /** HOST:PORT that it was made for. */
  readonly host: string;
  readonly socket: Socket;
  readonly established: number;
  /** Leaves the socket to somebody else. */
  unwatch(): void;
}

/** Has the end of the other side noticed, which is not read for as long as nobody uses the socket. What comes before it stays. */
function watch(socket: Socket): () => void {
  const read = () => void (socket.readableLength === 0 && socket.read());
  const ignore = () => {};
  socket.on('readable', read).on('error', ignore);
  return () => socket.off('readable', read).off('error', ignore);
}

type Target = Parameters<buildConnector.connector>[0];
type Done = (error: Error | null, socket: Socket | null) => void;

/** Makes the connections of one dispatcher: TLS, HTTP/2, tunnels, and when each was established. */
export function createConnector({ tls, http2, proxy, timeout, now }: ConnectorOptions) {
  const { ca, cert, key, insecure } = tls ?? {};
  const direct = buildConnector({
    ...{ timeout: timeout * 1000, allowH2: http2, preferH2: http2, rejectUnauthorized: insecure !== true },
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert, key }),
  } as buildConnector.BuildOptions);
  const spares = new Map<string, Spare[]>();
  let established: number | undefined;
  let closed = false;

  const nameOf = ({ protocol, hostname, port }: Target) => `${protocol}//${hostname}:${port}`;

  function check(error: Error | null, socket: Socket | null, secure: boolean, done: Done): void {
    if (error !== null) done(connectFailure(error, secure), null);
    else if (closed) {
      socket!.destroy();
      done(new ClosedError(), null);
    } else if (http2 && secure && (socket as Socket & { alpnProtocol?: string }).alpnProtocol !== 'h2') {
      socket!.destroy();
      done(new KnownError('protocol', 'the server does not agree to HTTP/2'), null);
    } else done(null, socket);
  }

  function open(target: Target, done: Done): void {
    const secure = target.protocol === 'https:';
    const connect = (httpSocket?: Socket) =>
      direct({ ...target, ...(httpSocket && { httpSocket }) }, (...[error, socket]) => check(error, socket, secure, done));
    if (!secure || proxy === undefined) connect();
    else {
      openTunnel(proxy, target.port === '' ? `${target.host}:443` : target.host!, timeout * 1000).then(connect, (error: Error) =>
        done(connectFailure(error, false), null),
      );
    }
  }

  /** Hands a connection over. The request that it was made for is written before this returns, and asks then when that was. */
  function handOver({ socket, established: at }: Pick<Spare, 'socket' | 'established'>, done: buildConnector.Callback): void {
    established = at;
    done(null, socket);
    established = undefined;
  }

  function takeSpare(name: string): Spare | undefined {
    const ofName = spares.get(name) ?? [];
    for (let spare = ofName.pop(); spare !== undefined; spare = ofName.pop()) {
      if (!spare.socket.destroyed && !spare.socket.readableEnded) return spare;
      spare.socket.destroy();
    }
    return undefined;
  }

  return {
    /** What undici connects with. */
    connect(target: Target, done: buildConnector.Callback): void {
      const spare = takeSpare(nameOf(target));
      if (spare !== undefined) {
        spare.unwatch();
        // As a connection that is made: not before the caller has returned.
        queueMicrotask(() => handOver(spare, done));
        return;
      }
      open(target, (error, socket) => {
        if (error !== null) done(error, null);
        else handOver({ socket: socket!, established: now() }, done);
      });
    },

    /** When the connection was established that a request is written to as its first, UNIX seconds. To be asked as it is written. */
    takeEstablished(): number | null {
      const at = established ?? null;
      established = undefined;
      return at;
    },

    /** Makes a connection ahead for requests to a host: to that, or to a proxy before it. */
    prepare(host: string, target: Target, onFailure: (error: Error) => void): void {
      const name = nameOf(target);
      open(target, (error, socket) => {
        if (error !== null) {
          onFailure(error);
          return;
        }
        const spare = { host, socket: socket!, established: now(), unwatch: watch(socket!) };
        spares.set(name, [...(spares.get(name) ?? []), spare]);
      });
    },

    /** Ends what was made ahead for other hosts than these. */
    retain(hosts: ReadonlySet<string>): void {
      for (const [name, ofName] of spares) {
        const { kept = [], left = [] } = Object.groupBy(ofName, ({ host }) => (hosts.has(host) ? 'kept' : 'left'));
        for (const { socket } of left) socket.destroy();
        spares.set(name, kept);
      }
    },

    /** Ends what was made ahead and not used, and what is being made as soon as it is. */
    close(): void {
      closed = true;
      for (const ofName of spares.values()) for (const { socket } of ofName) socket.destroy();
      spares.clear();
    },
  };
}

export type Connector = ReturnType<typeof createConnector>;
