export interface SettlementOptions {
  /** When the next request is due, UNIX seconds. */
  nextDue(): number | undefined;
  /** Requests that were handed over and have no answer yet. */
  readonly inFlight: Iterable<{ readonly created: number }>;
}

interface Waiter {
  readonly to: number;
  resolve(): void;
}

/** Tells when all requests that were due before an instant have been answered or have failed. */
export function createSettlement({ nextDue, inFlight }: SettlementOptions) {
  const waiters = new Set<Waiter>();
  let earliest = Number.NEGATIVE_INFINITY;
  let checking = false;

  function isSettled(to: number): boolean {
    if ((nextDue() ?? Number.POSITIVE_INFINITY) < to) return false;
    for (const { created } of inFlight) if (created < to) return false;
    return true;
  }

  function checkAll(): void {
    checking = false;
    for (const waiter of waiters) if (isSettled(waiter.to)) waiter.resolve();
  }

  /** Many answers of one turn of the event loop are looked at once. */
  function check(): void {
    if (checking || waiters.size === 0) return;
    checking = true;
    setImmediate(checkAll);
  }

  return {
    /** To be called after every request that was settled and every schedule that has ended. */
    check,

    /**
     * Resolves when all requests due before `to` (UNIX seconds) are settled. From the call on no schedule may start before
     * `to`, so that none comes in later.
     * @throws the signal's reason.
     */
    async settled(to: number, signal: AbortSignal): Promise<void> {
      earliest = Math.max(earliest, to);
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter: Waiter = { to, resolve };
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.add(waiter);
      check();
      try {
        await promise;
      } finally {
        waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
      }
    },

    /** Earliest T0 that a schedule may have, UNIX seconds. */
    earliest: () => earliest,
  };
}
