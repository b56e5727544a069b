import { greatestCommonDivisor } from './greatest-common-divisor.ts';

/** Highest weight that is allowed: in thousandths it is still a whole number that a double holds exactly. */
export const highestWeight = 1_000_000_000;

/**
 * What is wrong with the weights of some hosts, in a sentence that names the host, the value and what is allowed;
 * `undefined` if nothing is.
 */
export function weightsProblem(hosts: readonly string[], weights: readonly number[]): string | undefined {
  if (hosts.length !== weights.length) {
    return `found ${weights.length} weights for ${hosts.length} hosts; allowed: one weight per host`;
  }
  const wrong = weights.findIndex(weight => !(weight >= 0 && weight <= highestWeight));
  if (wrong === -1) return undefined;
  return `weight of ${hosts[wrong]}: ${weights[wrong]} is not allowed; allowed: a number from 0 to ${highestWeight}`;
}

/** Weights as Galileo's client counts them: Python's `int(weight)`, 2.9 is 2 and 0.5 is 0. */
export function integerWeights(weights: readonly number[]): number[] {
  return weights.map(Math.trunc);
}

/**
 * Weights as our load balancer counts them: three decimals, as the smallest whole numbers in the same proportion.
 * 0.5 and 1 become 1 and 2; a weight below 0.0005 becomes 0.
 */
export function milliWeights(weights: readonly number[]): number[] {
  const thousandths = weights.map(weight => Math.round(weight * 1000));
  const divisor = greatestCommonDivisor(thousandths) || 1;
  return thousandths.map(weight => weight / divisor);
}
