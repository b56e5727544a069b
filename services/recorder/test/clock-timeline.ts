import type { ProcessClock } from '@galileo/service';

/** What a clock shows from an instant on, held against CLOCK_MONOTONIC, which all processes of a machine share. */
export interface Timeline {
  /** Seconds of CLOCK_MONOTONIC, and what the clock showed then, UNIX seconds. */
  readonly monotonic: number;
  readonly shown: number;
  /** Seconds that the clock goes on in a second. */
  readonly rate: number;
  /** The clock's segment. */
  readonly segment: number;
}

const monotonic = () => Number(process.hrtime.bigint()) / 1e9;

/** Reads a clock that runs at `rate`; of many readings the one that took least. */
export function readTimeline(clock: ProcessClock, rate: number): Timeline {
  let best = { width: Number.POSITIVE_INFINITY, monotonic: 0, shown: 0 };
  for (let i = 0; i < 1000; i++) {
    const before = monotonic();
    const shown = clock.now();
    const width = monotonic() - before;
    if (width < best.width) best = { width, monotonic: before + width / 2, shown };
  }
  return { monotonic: best.monotonic, shown: best.shown, rate, segment: clock.segment };
}

/** When, by CLOCK_MONOTONIC, a clock showed a time. */
export const instantOf = ({ monotonic, shown, rate }: Timeline, time: number) => monotonic + (time - shown) / rate;

/** What a clock showed at an instant of CLOCK_MONOTONIC. */
export const timeAt = ({ monotonic, shown, rate }: Timeline, instant: number) => shown + (instant - monotonic) * rate;
