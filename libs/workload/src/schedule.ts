import { type Arrival, arrivalProblem, type DistributionArrival } from './arrival.ts';
import { findDistribution } from './distributions/registry.ts';
import { createRandom } from './random.ts';
import { ticks } from './ticks.ts';

/** When requests are due, drawn one after the other. */
export interface Schedule {
  /** Due time of the next request, whole microseconds after T0, never before the one before; `undefined` at the end. */
  next(): number | undefined;
}

/** What was asked for can't be scheduled. */
export class ScheduleError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'ScheduleError';
  }
}

/** Sums of drawn gaps, seconds; negative gaps count as 0 (Galileo's client dies of them). */
function sums({ name, parameters }: DistributionArrival, seed: number): () => number {
  const { complete, sampler } = findDistribution(name)!;
  const gap = sampler(complete?.(parameters) ?? parameters, createRandom(seed));
  let sum = 0;
  return () => {
    const drawn = gap();
    if (drawn > 0) sum += drawn;
    return sum;
  };
}

/**
 * Makes the schedule of an arrival process. The same arguments give the same times on every machine: they are sums of
 * drawn gaps, kept in double seconds and rounded only when handed out, and know no clock. As in Galileo, the first
 * request comes after one gap.
 * @param options.seed whole number from 0 to 2^53 - 1; not used by `ticks`.
 * @param options.duration end after T0, seconds: only times below it are in the schedule.
 * @throws ScheduleError if the arrival process does not fit, or would never end.
 */
export function createSchedule(options: { arrival: Arrival; seed: number; duration?: number }): Schedule {
  const { arrival, seed, duration } = options;
  const problem = arrivalProblem(arrival, duration);
  if (problem !== undefined) throw new ScheduleError(problem);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ScheduleError(`seed: found ${seed}; allowed: a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  const due = arrival.kind === 'ticks' ? ticks(arrival) : sums(arrival, seed);
  const steps = arrival.kind === 'ticks' ? arrival.rates.length * arrival.interval : Number.POSITIVE_INFINITY;
  // Beyond 2^53 microseconds (285 years) times would not be whole any more.
  const end = Math.min(Math.round(Math.min(duration ?? Number.POSITIVE_INFINITY, steps) * 1e6), Number.MAX_SAFE_INTEGER);
  let left = arrival.requests ?? Number.POSITIVE_INFINITY;
  return {
    next() {
      if (left <= 0) return undefined;
      left -= 1;
      const seconds = due();
      const time = seconds === undefined ? end : Math.round(seconds * 1e6);
      if (time < end) return time;
      left = 0;
      return undefined;
    },
  };
}
