import { type Connection, openConnection } from './connection.ts';

/** A request that waits for a connection. */
export interface Waiter {
  ready(connection: Connection): void;
  failed(error: Error): void;
}

export interface HostPoolOptions {
  readonly host: string;
  /** Most connections at a time. */
  readonly limit: number;
  /** UNIX seconds. */
  now(): number;
  /** A connection that nobody waited for could not be established. */
  onIdleFailure(error: Error): void;
}

/**
 * The keep-alive connections to one host. A request gets the connection that was used last, or waits in line while a new
 * one is opened for it; below the limit there are never fewer attempts under way than requests in line, so none waits for
 * a slow answer to somebody else. Above it requests wait, which their traces show as `sent - released`.
 */
export function createHostPool({ host, limit, now, onIdleFailure }: HostPoolOptions) {
  const free: Connection[] = [];
  const waiting = new Set<Waiter>();
  const attempts = new Set<() => void>();
  const open = new Set<Connection>();

  function serve(connection: Connection): void {
    const [first] = waiting;
    if (first === undefined) {
      free.push(connection);
    } else {
      waiting.delete(first);
      first.ready(connection);
    }
  }

  function openOne(): void {
    let mine: Connection | undefined;
    const abort = openConnection(host, now, {
      opened(connection) {
        mine = connection;
        attempts.delete(abort);
        open.add(connection);
        serve(connection);
      },
      failed(error) {
        attempts.delete(abort);
        const [first] = waiting;
        if (first === undefined) {
          onIdleFailure(error);
        } else {
          waiting.delete(first);
          first.failed(error);
        }
        openMissing();
      },
      closed() {
        open.delete(mine!);
        const index = free.indexOf(mine!);
        if (index >= 0) free.splice(index, 1);
        openMissing();
      },
    });
    attempts.add(abort);
  }

  function openMissing(): void {
    while (attempts.size < waiting.size && attempts.size + open.size < limit) openOne();
  }

  return {
    /** Hands a connection over, at once or later. Returns what withdraws the request from the line. */
    acquire(waiter: Waiter): () => void {
      for (let connection = free.pop(); connection !== undefined; connection = free.pop()) {
        if (connection.alive()) {
          waiter.ready(connection);
          return () => {};
        }
      }
      waiting.add(waiter);
      openMissing();
      return () => waiting.delete(waiter);
    },
    /** Takes a connection back whose request is done. */
    release(connection: Connection): void {
      // undici closes a connection that may not be kept only after it has told that the answer is complete.
      queueMicrotask(() => {
        if (connection.alive()) serve(connection);
      });
    },
    /** Opens a connection ahead. */
    prepare(): void {
      if (attempts.size + open.size < limit) openOne();
    },
    /** Ends all connections. */
    close(): void {
      for (const abort of attempts) abort();
      for (const connection of open) connection.destroy();
    },
  };
}

export type HostPool = ReturnType<typeof createHostPool>;
