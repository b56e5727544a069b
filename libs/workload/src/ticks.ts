import type { TicksArrival } from './arrival.ts';

/** Two positions closer than this are one: a step's end is not exact in floating point. */
const tolerance = 1e-9;

/**
 * Due times of a rate that changes in steps, seconds after the start: the k-th request is due when the integral of the
 * rate reaches k. So the part of a gap that a step leaves over is carried into the next one, nothing drifts, and the end
 * of one step and the begin of the next are the same instant, not two.
 * @returns a source of due times; `undefined` once the steps are over.
 */
export function ticks({ rates, interval }: TicksArrival): () => number | undefined {
  let step = 0;
  let count = 0;
  /** Integral of the rate up to the begin of `step`. */
  let position = 0;
  return () => {
    count += 1;
    for (; step < rates.length; step += 1) {
      const rate = rates[step]!;
      const next = position + rate * interval;
      if (rate > 0 && count <= next + tolerance) {
        return Math.min(step * interval + Math.max(0, count - position) / rate, (step + 1) * interval);
      }
      position = next;
    }
    return undefined;
  };
}
