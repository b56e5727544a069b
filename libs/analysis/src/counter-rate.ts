/** Slope of a cumulative counter. */
export interface CounterRate {
  /** Takes a reading; one that is not later than the last is left out. */
  add(timestamp: number, value: number): void;
  /** Growth per second; undefined before two readings. */
  rate(): number | undefined;
}

/**
 * Growth of a counter over the time that its readings cover. While it only grows that is (last - first) / elapsed. Where it
 * falls, the process was restarted or a part of its tree has gone: what was counted in between is unknown, so that stretch
 * counts neither as growth nor as time.
 */
export function createCounterRate(): CounterRate {
  let last: { timestamp: number; value: number } | undefined;
  let growth = 0;
  let elapsed = 0;
  return {
    add(timestamp, value) {
      if (last !== undefined && timestamp <= last.timestamp) return;
      if (last !== undefined && value >= last.value) {
        growth += value - last.value;
        elapsed += timestamp - last.timestamp;
      }
      last = { timestamp, value };
    },
    rate: () => (elapsed > 0 ? growth / elapsed : undefined),
  };
}
