import { Connection, type ConnectionEvents, type Shared } from './connection.ts';
import { endpointOf } from './endpoint.ts';

/** A request that waits for a connection. */
export interface Waiter {
  ready(connection: Connection): void;
  failed(error: Error): void;
}

export interface HostPoolOptions {
  readonly host: string;
  /** Most connections at a time. */
  readonly limit: number;
  readonly shared: Shared;
  /** A connection that nobody waited for could not be established. */
  onIdleFailure(error: Error): void;
}

/**
 * The connections to one host. A request gets the connection that was used last, or waits in line for one that becomes free
 * within a turn of the event loop, or else for a new one; below the limit there are never fewer attempts under way than requests in line, so none waits for a slow answer to
 * somebody else. Above it requests wait, which their traces show as `sent - released`.
 */
export function createHostPool({ host, limit, shared, onIdleFailure }: HostPoolOptions) {
  const endpoint = endpointOf(host);
  const free: Connection[] = [];
  const waiting = new Set<Waiter>();
  const attempts = new Set<Connection>();
  const open = new Set<Connection>();

  function takeFirst(): Waiter | undefined {
    if (waiting.size === 0) return undefined;
    const [first] = waiting;
    waiting.delete(first!);
    return first;
  }

  const events: ConnectionEvents = {
    opened(connection) {
      attempts.delete(connection);
      open.add(connection);
      events.free(connection);
    },
    failed(connection, error) {
      attempts.delete(connection);
      const first = takeFirst();
      if (first === undefined) onIdleFailure(error);
      else first.failed(error);
      openMissing();
    },
    free(connection) {
      const first = takeFirst();
      if (first === undefined) free.push(connection);
      else first.ready(connection);
    },
    closed(connection) {
      open.delete(connection);
      const index = free.lastIndexOf(connection);
      if (index >= 0) free.splice(index, 1);
      openMissing();
    },
  };

  function openOne(): void {
    attempts.add(new Connection(endpoint, shared, events));
  }

  function openMissing(): void {
    while (attempts.size < waiting.size && attempts.size + open.size < limit) openOne();
  }

  let scheduled: NodeJS.Immediate | undefined;
  /** In the next turn of the event loop: answers that have come by then free connections, which are far cheaper than new ones. */
  function openMissingSoon(): void {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      openMissing();
    });
  }

  return {
    /** Hands a connection over, at once or later; from the line a request can withdraw. */
    acquire(waiter: Waiter): void {
      if (free.length > 0) {
        const now = shared.now();
        for (let connection = free.pop(); connection !== undefined; connection = free.pop()) {
          if (connection.isUsable(now)) {
            waiter.ready(connection);
            return;
          }
          connection.destroy();
        }
      }
      waiting.add(waiter);
      openMissingSoon();
    },
    /** Takes a request out of the line, if it is there. */
    withdraw: (waiter: Waiter): void => void waiting.delete(waiter),
    /** Opens a connection ahead. */
    prepare(): void {
      if (attempts.size + open.size < limit) openOne();
    },
    /** Ends all connections. */
    close(): void {
      clearImmediate(scheduled);
      for (const connection of [...attempts, ...open]) connection.destroy();
    },
  };
}

export type HostPool = ReturnType<typeof createHostPool>;
