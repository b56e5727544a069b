import type { Random } from '../random.ts';

/** A distribution of inter-arrival times with the name, parameters and meaning that it has in Python's `random`. */
export interface Distribution<Name extends string = string> {
  readonly name: Name;
  /** Names of the parameters in Python's order. */
  readonly parameters: readonly string[];
  /** Parameters that make sense as inter-arrival times, seconds. */
  readonly example: readonly number[];
  /** Fills in the parameters that Python lets be left out; without it all of them are needed. */
  complete?(given: readonly number[]): readonly number[];
  /** Why these (complete, finite) parameters are not allowed; `undefined` if they are. */
  problem(parameters: readonly number[]): string | undefined;
  /** About the largest value in 10^9 draws: tells whether a schedule of such gaps ever moves on. */
  largest(parameters: readonly number[]): number;
  /** Makes a source of values, seconds; they may be negative. */
  sampler(parameters: readonly number[], random: Random): () => number;
}
