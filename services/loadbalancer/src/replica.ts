import type { Readable } from 'node:stream';
import { Client, type Dispatcher, Pool } from 'undici';

/** Counters of one replica of one function, since the start. */
export interface Counters {
  /** Requests given to it. */
  requests: number;
  /** Requests that it did not answer, or whose answer broke off. */
  errors: number;
  inFlight: number;
}

/** Spans in seconds, sizes in bytes; 0 means no limit. */
export interface ReplicaLimits {
  readonly connectTimeout: number;
  readonly responseTimeout: number;
  /** At most so long an unused connection is kept. */
  readonly idleTimeout: number;
  readonly maxHeaderBytes: number;
  readonly connections: number;
}

/** A connection to a replica, for what has to be known about it. */
export interface Connection {
  /** Requests answered on it so far; above 0 the replica may have closed it in the meantime. */
  answered: number;
}

interface ReplicaRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, … */
  readonly headers: string[];
  readonly body: Readable | null;
  /** Called when the request has got a connection, or will get the one that is being opened. */
  assigned(connection: Connection): void;
}

/** One replica of one function, with its pool of connections. */
export interface Replica {
  /** HOST:PORT. */
  readonly address: string;
  readonly counters: Counters;
  /** Sends a request; may be called again for a request that is begun. Never throws: errors go to the handler. */
  dispatch(request: ReplicaRequest, handler: Dispatcher.DispatchHandler): void;
  /** A request is given to it. */
  begin(): void;
  /** It is over: answered, failed, or given up. */
  end(outcome: 'answered' | 'failed' | 'abandoned'): void;
  /** No request will be given to it any more: its connections are closed, and this resolves, when the last one is over. */
  retire(): Promise<void>;
  /** Closes its connections now. */
  destroy(): Promise<void>;
}

/** Milliseconds for a timer, which holds 31 bits. */
const milliseconds = (seconds: number) => Math.min(Math.round(seconds * 1000), 2 ** 31 - 1);

/** undici does not tell which connection a request travels on; its clients, of one connection each, can. */
class ObservedClient extends Client {
  readonly connection: Connection = { answered: 0 };

  constructor(origin: URL, options: object) {
    super(origin, options);
    this.on('connect', () => {
      this.connection.answered = 0;
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    (options as unknown as ReplicaRequest).assigned(this.connection);
    return super.dispatch(options, handler);
  }
}

function openPool(address: string, limits: ReplicaLimits): Pool {
  return new Pool(`http://${address}`, {
    connections: limits.connections === 0 ? null : limits.connections,
    factory: (origin, options) => new ObservedClient(origin, options),
    connectTimeout: milliseconds(limits.connectTimeout),
    headersTimeout: milliseconds(limits.responseTimeout),
    bodyTimeout: milliseconds(limits.responseTimeout),
    keepAliveTimeout: milliseconds(limits.idleTimeout),
    keepAliveMaxTimeout: milliseconds(limits.idleTimeout),
    // What is taken off the time that a replica promises in Keep-Alive, so that ours is the side that closes.
    keepAliveTimeoutThreshold: 500,
    maxHeaderSize: limits.maxHeaderBytes,
    allowH2: false,
  });
}

/** Opens a pool for a replica; no connection is made before the first request. `address` must be HOST:PORT. */
export function openReplica(address: string, counters: Counters, limits: ReplicaLimits): Replica {
  const pool = openPool(address, limits);
  // Not counters.inFlight: a replica that is removed and added again counts into the same counters.
  let inFlight = 0;
  let whenIdle: (() => void) | undefined;

  return {
    address,
    counters,
    dispatch: (request, handler) => void pool.dispatch(request as unknown as Dispatcher.DispatchOptions, handler),
    begin() {
      inFlight++;
      counters.requests++;
      counters.inFlight++;
    },
    end(outcome) {
      inFlight--;
      counters.inFlight--;
      if (outcome === 'failed') counters.errors++;
      if (inFlight === 0) whenIdle?.();
    },
    async retire() {
      if (inFlight > 0) {
        await new Promise<void>(resolve => {
          whenIdle = resolve;
        });
      }
      if (!pool.destroyed) await pool.close();
    },
    destroy: () => pool.destroy(),
  };
}
