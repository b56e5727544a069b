import { greatestCommonDivisor } from './greatest-common-divisor.ts';

/** Interleaved weighted round robin over the indices of a list of weights. */
export interface WeightedRoundRobin {
  /** Index of the next pick; -1 if all weights are 0 or there are none. */
  next(): number;
  /**
   * Takes new weights. The position is kept (after a pick of index 1 the search goes on at index 2); the current weight
   * starts anew, as in the Go load balancer.
   * @throws RangeError as `createWeightedRoundRobin` does; the old weights then stay.
   */
  replace(weights: readonly number[]): void;
}

/**
 * Makes the weighted round robin of LVS (Linux Virtual Server, "Weighted Round-Robin Scheduling"), which both Galileo's
 * client and the Go load balancer use: a current weight falls from the highest weight in steps of the greatest common
 * divisor, and each pass over the list picks those whose weight is not below it. From the start on, every
 * sum(weights) / gcd picks contain index i exactly weights[i] / gcd times.
 * A weight of 0 is never picked, not even on the way to the first full pass after `replace` (Go's balancer does that).
 * @param weights whole numbers, not negative (`integerWeights` and `milliWeights` make such).
 * @throws RangeError that names the weight and what is allowed.
 */
export function createWeightedRoundRobin(weights: readonly number[]): WeightedRoundRobin {
  let list: readonly number[] = [];
  let highest = 0;
  let step = 0;
  let index = -1;
  let current = 0;

  function replace(replacement: readonly number[]): void {
    const wrong = replacement.find(weight => !Number.isSafeInteger(weight) || weight < 0);
    if (wrong !== undefined) {
      throw new RangeError(`weight ${wrong} is not allowed in a round; allowed: whole numbers, at least 0`);
    }
    list = [...replacement];
    highest = list.reduce((one, other) => Math.max(one, other), 0);
    step = greatestCommonDivisor(list);
    current = 0;
  }

  // Ends within two passes: the current weight is at most `highest`, so each full pass meets an index that is not below it.
  function next(): number {
    if (highest === 0) return -1;
    for (;;) {
      index = (index + 1) % list.length;
      if (index === 0) {
        current -= step;
        if (current <= 0) current = highest;
      }
      const weight = list[index]!;
      if (weight > 0 && weight >= current) return index;
    }
  }

  replace(weights);
  return { next, replace };
}
