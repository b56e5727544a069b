import type { TicksArrival } from './arrival.ts';
import { even } from './processes/even.ts';
import { stepCurve } from './profiles/steps.ts';

/**
 * Due times of a rate that changes in steps, evenly spaced, seconds after the start.
 * @returns a source of due times; `undefined` once the steps are over.
 */
export function ticks({ rates, interval }: TicksArrival): () => number | undefined {
  return even(stepCurve(rates, interval));
}
