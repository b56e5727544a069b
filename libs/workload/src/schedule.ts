import { type Arrival, arrivalProblem, type DistributionArrival, spanOf } from './arrival.ts';
import { findDistribution } from './distributions/registry.ts';
import { sums } from './gaps.ts';
import { even } from './processes/even.ts';
import { poisson } from './processes/poisson.ts';
import { profileCurve } from './profiles/profile-curve.ts';
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

function drawnGaps({ name, parameters }: DistributionArrival, seed: number): () => number {
  const { complete, sampler } = findDistribution(name)!;
  return sampler(complete?.(parameters) ?? parameters, createRandom(seed));
}

/** Due times in seconds; those from `end` on may be left out. */
function dueTimes(arrival: Arrival, seed: number, end: number): () => number | undefined {
  switch (arrival.kind) {
    case 'distribution':
      return sums(drawnGaps(arrival, seed));
    case 'ticks':
      return ticks(arrival);
    case 'recorded': {
      let played = 0;
      return sums(() => arrival.gaps[played++]);
    }
    case 'profile': {
      const curve = profileCurve(arrival, seed);
      return arrival.process === 'even' ? even(curve, end) : poisson(curve, createRandom(seed), end);
    }
  }
}

/** What makes a schedule. */
export interface ScheduleOptions {
  readonly arrival: Arrival;
  /** Whole number from 0 to 2^53 - 1; of no effect where nothing is drawn. */
  readonly seed: number;
  /** End after T0, seconds: only times below it are in the schedule. */
  readonly duration?: number;
}

/** @throws ScheduleError if there can't be such a schedule: the arrival process does not fit, or would never end. */
export function checkSchedule({ arrival, seed, duration }: ScheduleOptions): void {
  const problem = arrivalProblem(arrival, duration);
  if (problem !== undefined) throw new ScheduleError(problem);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ScheduleError(`seed: found ${seed}; allowed: a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
}

/**
 * Makes the schedule of an arrival process. The same arguments give the same times on every machine: they are sums of
 * gaps or places on an integral, kept in double seconds and rounded only when handed out, and know no clock. As in Galileo,
 * the first request comes after one gap. Whatever its length, a schedule takes the same memory.
 * @throws ScheduleError if the arrival process does not fit, or would never end.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  checkSchedule(options);
  const { arrival, seed, duration = Number.POSITIVE_INFINITY } = options;
  // Beyond 2^53 microseconds (285 years) times would not be whole any more.
  const end = Math.min(Math.round(Math.min(duration, spanOf(arrival)) * 1e6), Number.MAX_SAFE_INTEGER);
  const due = dueTimes(arrival, seed, end / 1e6);
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
