import type { Curve } from '../profiles/curve.ts';

/** Positions closer than this, in requests and relative to the position, are one: the end of a stretch is not exact. */
const tolerance = 1e-9;
const relativeTolerance = 1e-12;

/**
 * Due times of evenly spaced requests, seconds after the start: the k-th request is due when the integral of the rate
 * reaches k. So the part of a gap that a stretch leaves over is carried into the next one, nothing drifts, and the end of
 * one stretch and the begin of the next are the same instant, not two.
 * @param end seconds: stretches that begin there or later are not looked at.
 * @returns a source of due times; `undefined` once the curve is over.
 */
export function even(curve: Curve, end = Number.POSITIVE_INFINITY): () => number | undefined {
  let stretch = curve();
  let count = 0;
  /** Integral of the rate up to the begin of `stretch`. */
  let position = 0;
  return () => {
    count += 1;
    while (stretch !== undefined && stretch.start < end) {
      const next = position + stretch.area;
      if (stretch.area > 0 && count <= next + tolerance + position * relativeTolerance) {
        return Math.min(stretch.start + stretch.reach(Math.max(0, count - position)), stretch.end);
      }
      position = next;
      stretch = curve();
    }
    return undefined;
  };
}
