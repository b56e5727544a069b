import { constant } from './constant.ts';
import type { Profile, ProfileParameter, ProfileValues } from './profile.ts';
import { ramp } from './ramp.ts';
import { randomwalk } from './randomwalk.ts';
import { recorded } from './recorded.ts';
import { sine } from './sine.ts';
import { spike } from './spike.ts';
import { steps } from './steps.ts';

const all = [constant, ramp, steps, sine, randomwalk, spike, recorded] as const;

/** Name of a rate profile. */
export type ProfileName = (typeof all)[number]['name'];

/** All rate profiles. */
export const profiles: readonly Profile<ProfileName>[] = all;

/** Due times are whole microseconds, so this many requests per second are the most that can be told apart. */
export const highestRate = 1e6;

/** Finds a rate profile by its name. */
export function findProfile(name: string): Profile<ProfileName> | undefined {
  return profiles.find(profile => profile.name === name);
}

/** Fills in what was left out. */
export function completeValues(profile: Profile, given: ProfileValues): ProfileValues {
  const filled = profile.parameters.flatMap(({ name, fallback }) => (typeof fallback === 'number' ? [[name, fallback]] : []));
  return { ...Object.fromEntries(filled), ...given };
}

function parameterProblem({ name, unit, least = 0, fallback }: ProfileParameter, value: number | undefined): string | undefined {
  if (value === undefined) return fallback === undefined ? `${name}: is missing` : undefined;
  if (unit === 'rate' || unit === 'change') {
    return value >= 0 && value <= highestRate
      ? undefined
      : `${name}: found ${value}; allowed: a number of requests per second from 0 to ${highestRate}`;
  }
  if (unit === 'seed') {
    return Number.isSafeInteger(value) && value >= 0
      ? undefined
      : `${name}: found ${value}; allowed: a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`;
  }
  return value >= least && Number.isFinite(value)
    ? undefined
    : `${name}: found ${value}; allowed: a number of seconds of at least ${least}`;
}

/** The highest rate that a profile names, requests per second. */
export function highestOf({ parameters }: Profile, values: ProfileValues, rates: readonly number[]): number {
  const named = parameters.filter(({ unit }) => unit === 'rate').map(({ name }) => values[name] ?? 0);
  return [...named, ...rates].reduce((most, rate) => Math.max(most, rate), 0);
}

/** Why a list of rates can't be scheduled; `undefined` if it can. */
export function ratesProblem(rates: readonly number[]): string | undefined {
  if (rates.length === 0) return 'rates: found none; allowed: one rate per step';
  const wrong = rates.findIndex(rate => !(rate >= 0 && rate <= highestRate));
  if (wrong < 0) return undefined;
  return `rates[${wrong}]: found ${rates[wrong]}; allowed: a number from 0 to ${highestRate}`;
}

/** Why a rate profile can't be had: unknown name, a value that is missing, unknown or out of range. */
export function profileProblem(name: string, values: ProfileValues, rates: readonly number[]): string | undefined {
  const profile = findProfile(name);
  if (profile === undefined) {
    return `found ${JSON.stringify(name)}; allowed: ${profiles.map(entry => entry.name).join(', ')}`;
  }
  const { parameters, takesRates, problem } = profile;
  const unknown = Object.keys(values).find(key => !parameters.some(parameter => parameter.name === key));
  const found =
    (unknown === undefined
      ? undefined
      : `${unknown}: is unknown; allowed: ${parameters.map(parameter => parameter.name).join(', ')}`) ??
    parameters.map(parameter => parameterProblem(parameter, values[parameter.name])).find(entry => entry !== undefined) ??
    problem?.(completeValues(profile, values)) ??
    (takesRates ? ratesProblem(rates) : rates.length > 0 ? 'rates: found some; allowed: none' : undefined) ??
    (highestOf(profile, values, rates) > 0 ? undefined : 'found no rate above 0; allowed: at least one, or no request is sent');
  return found === undefined ? undefined : `${name}: ${found}`;
}
