/** How often the person has asked to stop. */
export interface Interrupts {
  /** Aborts with the first Ctrl-C or SIGTERM: stop in order. */
  readonly first: AbortSignal;
  /** Aborts with a later one: stop waiting. */
  readonly second: AbortSignal;
}

/** A second signal within this span is the same Ctrl-C: the terminal gives it to the whole group, and npm passes it on once more. */
const sameWithin = 1000;

/** Source of signals; `process`, or an emitter in tests. */
interface Signals {
  on(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** Listens for SIGINT and SIGTERM from now on. `now` is a monotonic time, milliseconds. */
export function listenForInterrupts(signals: Signals, now: () => number = () => performance.now()): Interrupts {
  const first = new AbortController();
  const second = new AbortController();
  let since: number | undefined;
  const listener = () => {
    if (since === undefined) {
      since = now();
      first.abort();
    } else if (now() - since >= sameWithin) second.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) signals.on(name, listener);
  return { first: first.signal, second: second.signal };
}
