import { Connection, type ConnectionEvents, type Shared } from './connection.ts';
import { endpointOf } from './endpoint.ts';

/** Connections that are opened ahead: of 16 KB each, and thousands of clients may share a host whose answers take no time. */
const mostAhead = 128;

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
  /** A connection is idle. */
  onIdle(): void;
}

/**
 * The connections to one host. A request gets the connection that was used last, or waits in line for one that becomes free
 * within a turn of the event loop, or else for a new one; below the limit there are never fewer attempts under way than requests in line, so none waits for a slow answer to
 * somebody else. Above it requests wait, which their traces show as `sent - released`.
 *
 * A request that asks for a connection of its own waits in a line of its own. At the limit the two lines take turns.
 */
export function createHostPool({ host, limit, shared, onIdleFailure, onIdle }: HostPoolOptions) {
  const endpoint = endpointOf(host);
  const free: Connection[] = [];
  const waiting = new Set<Waiter>();
  const attempts = new Set<Connection>();
  const open = new Set<Connection>();
  /** Those in line for a connection of their own, those for whom one is being established, and all such connections. */
  const alone = new Set<Waiter>();
  const connecting = new Map<Waiter, Connection>();
  const single = new Set<Connection>();
  let aloneIsNext = false;
  let retired = false;

  const hasRoom = () => attempts.size + open.size + single.size < limit;

  function takeFirst(line: Set<Waiter>): Waiter | undefined {
    if (line.size === 0) return undefined;
    const [first] = line;
    line.delete(first!);
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
      const first = takeFirst(waiting);
      if (first === undefined) onIdleFailure(error);
      else first.failed(error);
      openMissing();
    },
    free(connection) {
      if (alone.size > 0 && (waiting.size === 0 || aloneIsNext)) {
        // Requests of that kind wait only at the limit: it makes room for one.
        connection.destroy();
        return;
      }
      aloneIsNext = true;
      const first = takeFirst(waiting);
      if (first !== undefined) first.ready(connection);
      else if (retired) connection.destroy();
      else {
        free.push(connection);
        onIdle();
      }
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

  function openSingle(): void {
    const waiter = takeFirst(alone)!;
    const connection = new Connection(endpoint, shared, {
      opened() {
        connecting.delete(waiter);
        waiter.ready(connection);
      },
      failed(_, error) {
        forgetSingle(waiter, connection);
        waiter.failed(error);
        openMissing();
      },
      // The server has kept it all the same.
      free: () => connection.destroy(),
      closed() {
        single.delete(connection);
        openMissing();
      },
    });
    connecting.set(waiter, connection);
    single.add(connection);
    aloneIsNext = false;
  }

  function forgetSingle(waiter: Waiter, connection: Connection): void {
    connecting.delete(waiter);
    single.delete(connection);
  }

  function openMissing(): void {
    while (hasRoom()) {
      const isMissing = attempts.size < waiting.size;
      if (alone.size > 0 && (!isMissing || aloneIsNext)) openSingle();
      else if (isMissing) openOne();
      else return;
    }
  }

  /** Ends attempts that nobody waits for. */
  function endSurplus(): void {
    for (const connection of attempts) {
      if (attempts.size <= waiting.size) return;
      attempts.delete(connection);
      connection.destroy();
    }
  }

  let scheduled: NodeJS.Immediate | undefined;
  /** In the next turn of the event loop: answers that have come by then free connections, which are far cheaper than new ones. */
  function openMissingSoon(): void {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      openMissing();
    });
  }

  /** Opens a connection for a request alone; at the limit an idle one has to go. */
  function acquireSingle(waiter: Waiter): void {
    alone.add(waiter);
    if (!hasRoom()) free[0]?.destroy();
    openMissing();
  }

  /** Takes a request out of the line, or ends the attempt at a connection for it alone. */
  function withdraw(waiter: Waiter): void {
    if (waiting.delete(waiter) || alone.delete(waiter)) return;
    const connection = connecting.get(waiter);
    if (connection === undefined) return;
    forgetSingle(waiter, connection);
    connection.destroy();
    openMissing();
  }

  return {
    /** Hands a connection over, at once or later, to be used by this request alone if it is `single`; until then it can withdraw. */
    acquire(waiter: Waiter, isSingle: boolean): void {
      if (isSingle) {
        acquireSingle(waiter);
        return;
      }
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
    withdraw(waiter: Waiter): void {
      withdraw(waiter);
      if (retired) endSurplus();
    },
    /** Withdraws a request that has waited too long, and gives up the oldest attempt at a connection for it: another may do better. */
    abandon(waiter: Waiter): void {
      const isWaiting = waiting.has(waiter);
      withdraw(waiter);
      const [oldest] = attempts;
      if (!isWaiting || oldest === undefined) return;
      attempts.delete(oldest);
      oldest.destroy();
      openMissing();
    },
    /** Opens a connection ahead, unless many are. */
    prepare(): void {
      if (hasRoom() && free.length + attempts.size < mostAhead) openOne();
    },
    /** Ends idle connections that may not be used any more. @returns whether there are other idle ones */
    sweep(now: number): boolean {
      for (const connection of free.filter(each => !each.isUsable(now))) connection.destroy();
      return free.length > 0;
    },
    /** Keeps no connection but for the requests that it has, and none once they have ended. */
    retire(): void {
      retired = true;
      for (const connection of free.toReversed()) connection.destroy();
      endSurplus();
    },
    /** Ends all connections. */
    close(): void {
      clearImmediate(scheduled);
      for (const connection of [...attempts, ...open, ...single]) connection.destroy();
    },
  };
}

export type HostPool = ReturnType<typeof createHostPool>;
