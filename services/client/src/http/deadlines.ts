/** Something that takes too long after a while. */
export interface Timed {
  /** When that is, on the monotonic clock, milliseconds; kept here by the deadlines. */
  deadline: number;
  /** It has come. Called once, after it was taken out. */
  expire(): void;
}

/** How exact a deadline is, milliseconds. */
const tick = 10;

/**
 * Time-outs of very many requests. Those of one length expire in the order in which they began, so that only the oldest of each
 * length is looked at; a timer per request would cost more than writing it.
 */
export function createDeadlines(monotonic: () => number = () => performance.now()) {
  const byLength = new Map<number, Set<Timed>>();
  let timer: NodeJS.Timeout | undefined;
  let running = 0;

  function look(): void {
    const now = monotonic();
    for (const waiting of byLength.values()) {
      for (const timed of waiting) {
        if (timed.deadline > now) break;
        waiting.delete(timed);
        running--;
        timed.expire();
      }
    }
    if (running > 0) return;
    clearInterval(timer);
    timer = undefined;
    byLength.clear();
  }

  return {
    /** Begins to wait; `seconds` above 0. */
    begin(timed: Timed, seconds: number): void {
      let waiting = byLength.get(seconds);
      if (waiting === undefined) {
        waiting = new Set();
        byLength.set(seconds, waiting);
      }
      timed.deadline = monotonic() + seconds * 1000;
      waiting.add(timed);
      running++;
      timer ??= setInterval(look, tick);
    },

    /** It is done in time. Does nothing if it is not waited for. */
    end(timed: Timed, seconds: number): void {
      if (byLength.get(seconds)?.delete(timed)) running--;
    },
  };
}

export type Deadlines = ReturnType<typeof createDeadlines>;
