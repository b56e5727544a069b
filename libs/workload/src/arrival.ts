import { type DistributionName, distributionProblem, findDistribution } from './distributions/registry.ts';
import type { ProfileValues } from './profiles/profile.ts';
import { findProfile, highestOf, highestRate, type ProfileName, profileProblem, ratesProblem } from './profiles/registry.ts';

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

/** A rate that follows a profile over time. */
export interface ProfileArrival {
  kind: 'profile';
  name: ProfileName;
  /** By name, as `profiles` lists them: requests per second, seconds. */
  parameters: ProfileValues;
  /** Requests per second of each interval, for the profiles that take a list. */
  rates: readonly number[];
  /** Are requests drawn as a Poisson process, or evenly spaced? */
  process: ProcessName;
}

/** Requests per second that a profile without a duration has to come to. */
const lowestRate = 1e-3;

/** How requests are drawn from a rate profile. */
export type ProcessName = (typeof processNames)[number];
export const processNames = ['poisson', 'even'] as const;

/** Inter-arrival times that were recorded, played once in their order. */
export interface RecordedArrival {
  kind: 'recorded';
  /** Seconds; what is not above 0 means at once. */
  gaps: readonly number[];
}

/** An arrival process, ended after `requests` requests if that is given. */
export type Arrival = (DistributionArrival | TicksArrival | ProfileArrival | RecordedArrival) & { requests?: number };

function ticksProblem({ rates, interval }: TicksArrival): string | undefined {
  const problem = ratesProblem(rates);
  if (problem !== undefined) return problem;
  if (!(interval >= 1e-6 && Number.isFinite(interval))) {
    return `interval: found ${interval}; allowed: a number of seconds of at least 0.000001`;
  }
  return undefined;
}

function gapsProblem({ gaps }: RecordedArrival): string | undefined {
  const wrong = gaps.findIndex(gap => !Number.isFinite(gap));
  return wrong < 0 ? undefined : `gaps[${wrong}]: found ${gaps[wrong]}; allowed: a finite number of seconds`;
}

function processProblem(arrival: Arrival): string | undefined {
  switch (arrival.kind) {
    case 'distribution':
      return distributionProblem(arrival.name, arrival.parameters);
    case 'ticks':
      return ticksProblem(arrival);
    case 'recorded':
      return gapsProblem(arrival);
    case 'profile':
      if (!processNames.includes(arrival.process)) {
        return `process: found ${JSON.stringify(arrival.process)}; allowed: ${processNames.join(', ')}`;
      }
      return profileProblem(arrival.name, arrival.parameters, arrival.rates);
  }
}

function limitProblem(name: string, value: number | undefined, fits: boolean, allowed: string): string | undefined {
  return value === undefined || fits ? undefined : `${name}: found ${value}; allowed: ${allowed}`;
}

/** Seconds after which an arrival process is over by itself; infinite if it is not. */
export function spanOf(arrival: Arrival): number {
  if (arrival.kind === 'ticks') return arrival.rates.length * arrival.interval;
  if (arrival.kind === 'profile' && arrival.rates.length > 0) return arrival.rates.length * arrival.parameters['interval']!;
  return Number.POSITIVE_INFINITY;
}

/** A curve that hardly ever lets a request through would be searched for the next one for as good as ever. */
function slowProblem({ name, parameters, rates }: ProfileArrival): string | undefined {
  const highest = highestOf(findProfile(name)!, parameters, rates);
  if (highest >= lowestRate) return undefined;
  return `found a highest rate of ${highest} without a duration; allowed: at least ${lowestRate}, or a duration`;
}

/** Does it end by itself, and does it move on at all? */
function endProblem(arrival: Arrival, duration: number | undefined): string | undefined {
  if (arrival.kind === 'recorded' || Number.isFinite(spanOf(arrival))) return undefined;
  if (arrival.kind === 'profile' && arrival.requests !== undefined && duration === undefined) return slowProblem(arrival);
  if (arrival.requests !== undefined) return undefined;
  if (duration === undefined) return 'neither requests nor duration is given: the schedule would have no end';
  if (arrival.kind !== 'distribution') return undefined;
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
    processProblem(arrival) ??
    limitProblem('requests', requests, Number.isSafeInteger(requests) && requests! > 0, 'a whole number above 0') ??
    limitProblem('duration', duration, Number.isFinite(duration) && duration! > 0, 'a number of seconds above 0') ??
    endProblem(arrival, duration)
  );
}
