/**
 * A process's one clock: a wall anchor plus the monotonic clock (RECONCILE: "The clock").
 * Between two anchors it never jumps, whatever happens to the system clock.
 */
export interface Clock {
  /** UNIX seconds. */
  now(): number;
  /** System clock minus `now()`, seconds: how far the system clock has stepped or slewed away since the anchor. */
  deviation(): number;
  /** Takes a new anchor. Not to be called while a recording is open. */
  reanchor(): void;
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
 * Reads both clocks as close together as possible. `Date.now()` counts whole milliseconds, so the anchor is taken
 * where it ticks: a spin of at most 2 ms that brings the error from 1 ms down to some microseconds.
 */
function anchorOffset(sources: TimeSources): number {
  const first = sources.wall();
  const giveUp = sources.monotonic() + 2;
  let wall = first;
  let monotonic = sources.monotonic();
  while (wall === first && monotonic < giveUp) {
    wall = sources.wall();
    monotonic = sources.monotonic();
  }
  return wall - monotonic;
}

/** Makes a clock, anchored now. */
export function createClock(sources: TimeSources = systemTime): Clock {
  let offset = anchorOffset(sources);
  return {
    now: () => (offset + sources.monotonic()) / 1000,
    deviation: () => (anchorOffset(sources) - offset) / 1000,
    reanchor: () => {
      offset = anchorOffset(sources);
    },
  };
}
