import type { PacerTime } from './pacer.ts';

/** The process's own time; `now` in UNIX seconds. */
export function processTime(now: () => number): PacerTime {
  const never = new Int32Array(new SharedArrayBuffer(4));
  return {
    now,
    timer(callback, milliseconds) {
      const handle = setTimeout(callback, Math.min(milliseconds, 2 ** 31 - 1));
      return () => clearTimeout(handle);
    },
    turn(callback) {
      const handle = setImmediate(callback);
      return () => clearImmediate(handle);
    },
    nap(seconds) {
      // Nobody ever notifies: it waits for the time-out.
      Atomics.wait(never, 0, 0, seconds * 1000);
    },
  };
}
