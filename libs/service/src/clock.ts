/** Tells the time. */
export interface Clock {
  /** UNIX seconds. */
  now(): number;
}

/** That the system clock has moved against `now()`. */
export interface ClockStep {
  /** By how much, seconds; positive if the system clock went forward, or if the machine slept. */
  readonly by: number;
  /** Did `now()` follow? */
  readonly followed: boolean;
}

/**
 * A process's one clock: a wall anchor plus the monotonic clock (RECONCILE: "The clock"). Between two anchors it never jumps,
 * whatever happens to the system clock; a new one is taken only in `check`, and only while nobody keeps the anchor.
 */
export interface ProcessClock extends Clock {
  /**
   * Grows with every step of the system clock against `now()`, whether `now()` follows or not (after a sleep of the machine it
   * is `now()` that is wrong): what is known of its offset to other clocks no longer holds.
   */
  readonly segment: number;
  /** Looks for a step of the system clock. To be called now and then, and before a time is taken that is to be kept. */
  check(): void;
  /** Keeps the anchor while `condition` holds, until disposed: a recording is open. */
  keepAnchorWhile(condition: () => boolean): Disposable;
}

/** Sources of time, milliseconds; replaced in tests. */
export interface TimeSources {
  /** System time, UNIX milliseconds. */
  wall(): number;
  /** Monotonic time, milliseconds, with a finer resolution than a millisecond. */
  monotonic(): number;
}

const systemTime: TimeSources = { wall: () => Date.now(), monotonic: () => performance.now() };

/**
 * Least change that counts as a step, milliseconds. The kernel steers both clocks alike: without a step, a leap second or a
 * sleep their difference changes by no more than the error of reading it.
 */
const leastStep = 10;

/** Two readings further apart than this are tried again, milliseconds: the process did not run in between. */
const farApart = 1;
const attempts = 5;

/** System clock minus monotonic clock within 1 ms, without waiting; undefined if the process hardly gets to run. */
function roughOffset({ wall, monotonic }: TimeSources): number | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = monotonic();
    const time = wall();
    const after = monotonic();
    // `wall` counts whole milliseconds.
    if (after - before <= farApart) return time + 0.5 - (before + after) / 2;
  }
  return undefined;
}

/**
 * System clock minus monotonic clock. `Date.now()` counts whole milliseconds, so both are read where it ticks: a spin of at
 * most 2 ms, again if the process was interrupted just then, brings the error from 1 ms down to some microseconds.
 */
function anchorOffset({ wall, monotonic }: TimeSources): number {
  let best = { offset: wall() - monotonic(), width: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < attempts && best.width > 0.1; attempt++) {
    const first = wall();
    const giveUp = monotonic() + 2;
    let time = first;
    let before = monotonic();
    let after = before;
    while (time === first && after < giveUp) {
      before = after;
      time = wall();
      after = monotonic();
    }
    if (time === first) break;
    if (after - before < best.width) best = { offset: time - (before + after) / 2, width: after - before };
  }
  return best.offset;
}

/** Makes a clock, anchored now. `onStep` is told of each step that `check` finds. */
export function createClock(sources: TimeSources = systemTime, onStep: (step: ClockStep) => void = () => {}): ProcessClock {
  let offset = anchorOffset(sources);
  /** What the system clock was ahead of `now()` when last looked at. */
  let ahead = 0;
  let segment = 0;
  const keepers = new Set<() => boolean>();
  return {
    now: () => (offset + sources.monotonic()) / 1000,
    get segment() {
      return segment;
    },
    check() {
      const found = roughOffset(sources);
      if (found === undefined) return;
      const before = ahead;
      ahead = found - offset;
      const followed = Math.abs(ahead) >= leastStep && ![...keepers].some(isKept => isKept());
      if (!followed && Math.abs(ahead - before) < leastStep) return;
      const by = (followed ? ahead : ahead - before) / 1000;
      if (followed) {
        offset = anchorOffset(sources);
        ahead = 0;
      }
      segment++;
      onStep({ by, followed });
    },
    keepAnchorWhile(condition) {
      // A function of its own for each call: the same condition may be given twice.
      const keeper = () => condition();
      keepers.add(keeper);
      return {
        [Symbol.dispose]() {
          keepers.delete(keeper);
        },
      };
    },
  };
}
