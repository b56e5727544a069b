import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { splitMix64 } from './seed.ts';

/** A source of doubles, uniform in [0, 1). */
export type Random = () => number;

/**
 * Makes the generator of a schedule: xoroshiro128+ with 53 bits per draw (two outputs each).
 * Chosen for its small state (a worker hosts thousands of clients) and its speed. Its 128 bits come from SplitMix64,
 * as the generator's authors advise, because it mixes close seeds badly by itself.
 * @param seed whole number from 0 to 2^53 - 1.
 */
export function createRandom(seed: number): Random {
  const mix = splitMix64(BigInt(seed));
  const [first, second] = [mix(), mix()];
  const words = [first >> 32n, first, second >> 32n, second].map(word => Number(BigInt.asIntN(32, word)));
  const generator = xoroshiro128plusFromState(words);
  return () => uniformFloat64(generator);
}
