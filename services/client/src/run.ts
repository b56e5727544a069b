import type { Schedule } from '@galileo/workload';

/** A schedule under way: due times in UNIX seconds. */
export interface Run {
  /** When the next request is due; `undefined` when all have been taken. */
  next(): number | undefined;
  /** Takes the next request. */
  take(): void;
  /** How many requests were due until `now`, taken or not. */
  intended(now: number): number;
}

/** Starts a schedule at T0 = `start`, UNIX seconds. */
export function createRun(schedule: Schedule, start: number): Run {
  /** Due times that are drawn and not taken; more than one only where figures were asked for while requests were late. */
  const ahead: number[] = [];
  let head = 0;
  let taken = 0;
  let ended = false;

  function draw(): void {
    const time = schedule.next();
    if (time === undefined) ended = true;
    else ahead.push(start + time / 1e6);
  }

  function next(): number | undefined {
    if (head === ahead.length && !ended) {
      ahead.length = 0;
      head = 0;
      draw();
    }
    return ahead[head];
  }

  return {
    next,
    take() {
      if (next() === undefined) return;
      head += 1;
      taken += 1;
    },
    intended(now) {
      while (!ended && (next() ?? Number.POSITIVE_INFINITY) <= now && ahead.at(-1)! <= now) draw();
      let due = taken;
      for (let i = head; i < ahead.length && ahead[i]! <= now; i += 1) due += 1;
      return due;
    },
  };
}
