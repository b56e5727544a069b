import type { Random } from '../random.ts';
import type { Curve, Stretch } from './curve.ts';

/** A number that a profile takes. */
export interface ProfileParameter {
  /** As in the experiment file: `max_rps`. */
  readonly name: string;
  /** `rate` and `change` (of a rate): requests per second, from 0; `span`: seconds; `seed`: whole number from 0 to 2^53 - 1. */
  readonly unit: 'rate' | 'change' | 'span' | 'seed';
  /** What it is, as a phrase for help texts. */
  readonly doc: string;
  /** Least value of a span, seconds. */
  readonly least?: number;
  /** May it be left out? Then it has this value, or what the profile makes of its absence. */
  readonly fallback?: number | 'derived';
}

/** Values of a profile's parameters by name; defaults are filled in. */
export type ProfileValues = Readonly<Record<string, number>>;

/** How the rate of requests goes over time. */
export interface Profile<Name extends string = string> {
  readonly name: Name;
  /** What it is, in one line. */
  readonly doc: string;
  readonly parameters: readonly ProfileParameter[];
  /** Values that make sense, as an example and for tests. */
  readonly example: ProfileValues;
  /** Does it take a list of rates, each for `interval` seconds? Then it ends with the list. */
  readonly takesRates: boolean;
  /** Why these values, each allowed by itself, don't fit together; `undefined` if they do. */
  problem?(values: ProfileValues): string | undefined;
  /**
   * The rate as a curve from time 0 on.
   * @param random source of a curve that is drawn: one of its own, so that the arrivals drawn from the curve don't move it.
   */
  curve(values: ProfileValues, rates: readonly number[], random: () => Random): Curve;
}

/** The curve of some stretches. */
export function curveThrough(stretches: Iterable<Stretch>): Curve {
  const iterator = stretches[Symbol.iterator]();
  return () => {
    const { done, value } = iterator.next();
    return done === true ? undefined : value;
  };
}
