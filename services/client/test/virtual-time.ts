import type { PacerTime } from '../src/pacer.ts';

/** An event loop whose time passes only by what is done in it. Timers are late by up to 1.5 ms, naps by 60 us. */
export function virtualTime(start = 1_700_000_000) {
  let now = start;
  let pending: (() => void) | undefined;
  const counts = { timers: 0, turns: 0, naps: 0, longestNap: 0 };
  const schedule = (callback: () => void, pass: number) => {
    const task = () => {
      now += pass;
      callback();
    };
    pending = task;
    return () => {
      if (pending === task) pending = undefined;
    };
  };
  const time: PacerTime = {
    now: () => now,
    timer(callback, milliseconds) {
      counts.timers += 1;
      return schedule(callback, (milliseconds + (counts.timers % 4) * 0.5) / 1000);
    },
    turn(callback) {
      counts.turns += 1;
      return schedule(callback, 5e-6);
    },
    nap(seconds) {
      counts.naps += 1;
      counts.longestNap = Math.max(counts.longestNap, seconds);
      now += seconds + 60e-6;
    },
  };
  return {
    time,
    counts,
    /** Lets time pass in which the loop does not run. */
    pass(seconds: number): void {
      now += seconds;
    },
    /** Runs until nothing is planned any more, or `until` (UNIX seconds) is reached. */
    run(until = Number.POSITIVE_INFINITY): void {
      for (let i = 0; pending !== undefined && now < until; i += 1) {
        if (i > 1_000_000) throw new Error('it goes on for ever');
        const task = pending;
        pending = undefined;
        task();
      }
    },
  };
}
