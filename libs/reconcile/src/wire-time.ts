/**
 * A time as it is read back from a line with seven decimals. From 2^30 on (the year 2004) doubles are so coarse that seven
 * decimals give back the same one.
 */
export function timeOnWire(time: number): number {
  return time >= 2 ** 30 || !Number.isFinite(time) ? time : Number(time.toFixed(7));
}

/** The least time that is certainly after `time`: one or two steps of a double. */
export function justAfter(time: number): number {
  return time + Math.max(Math.abs(time) * Number.EPSILON, Number.MIN_VALUE);
}
