import { type DistributionName, distributionProblem, findDistribution } from './distributions/registry.ts';

/** Independent inter-arrival times drawn from a distribution. */
export interface DistributionArrival {
  kind: 'distribution';
  name: DistributionName;
  /** In Python's order; seconds, unless the distribution's parameter is something else. */
  parameters: readonly number[];
}

/** A rate that changes in steps; requests are evenly spaced within a step. */
export interface TicksArrival {
  kind: 'ticks';
  /** Requests per second of each step; 0 is a pause. */
  rates: readonly number[];
  /** Length of a step, seconds. */
  interval: number;
}

/** An arrival process, ended after `requests` requests if that is given. */
export type Arrival = (DistributionArrival | TicksArrival) & { requests?: number };

/** Due times are whole microseconds, so this many requests per second are the most that can be told apart. */
const highestRate = 1e6;

function ticksProblem({ rates, interval }: TicksArrival): string | undefined {
  if (rates.length === 0) return 'rates: found none; allowed: one rate per step';
  const wrong = rates.findIndex(rate => !(rate >= 0 && rate <= highestRate));
  if (wrong >= 0) return `rates[${wrong}]: found ${rates[wrong]}; allowed: a number from 0 to ${highestRate}`;
  if (!(interval >= 1e-6 && Number.isFinite(interval))) {
    return `interval: found ${interval}; allowed: a number of seconds of at least 0.000001`;
  }
  return undefined;
}

function limitProblem(name: string, value: number | undefined, fits: boolean, allowed: string): string | undefined {
  return value === undefined || fits ? undefined : `${name}: found ${value}; allowed: ${allowed}`;
}

/** Does it end by itself, and does it move on at all? */
function endProblem(arrival: Arrival, duration: number | undefined): string | undefined {
  if (arrival.kind === 'ticks' || arrival.requests !== undefined) return undefined;
  if (duration === undefined) return 'neither requests nor duration is given: the schedule would have no end';
  const { name } = arrival;
  const { complete, largest } = findDistribution(name)!;
  const parameters = complete?.(arrival.parameters) ?? arrival.parameters;
  if (largest(parameters) >= 1 / highestRate) return undefined;
  return `${name}(${parameters.join(', ')}) gives gaps below a microsecond, so without requests the schedule would have no end; allowed: larger gaps, or a number of requests`;
}

/**
 * Why an arrival process can't be scheduled; `undefined` if it can.
 * @param duration end of the schedule, seconds, if there is one.
 */
export function arrivalProblem(arrival: Arrival, duration?: number): string | undefined {
  const { requests } = arrival;
  return (
    (arrival.kind === 'ticks' ? ticksProblem(arrival) : distributionProblem(arrival.name, arrival.parameters)) ??
    limitProblem('requests', requests, Number.isSafeInteger(requests) && requests! > 0, 'a whole number above 0') ??
    limitProblem('duration', duration, Number.isFinite(duration) && duration! > 0, 'a number of seconds above 0') ??
    endProblem(arrival, duration)
  );
}
