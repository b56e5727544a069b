import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWeightedRoundRobin, type WeightedRoundRobin } from './weighted-round-robin.ts';

const picks = (round: WeightedRoundRobin, count: number) => Array.from({ length: count }, () => round.next());

describe('orders of the running Go load balancer (e1 is index 0)', () => {
  test.each([
    ['3:1 gives three, then one', [3, 1], [0, 0, 0, 1, 0, 0, 0, 1]],
    ['a weight of 0 gets nothing', [0, 3], [1, 1, 1, 1]],
    ['4:2 is 2:1', [4, 2], [0, 0, 1, 0, 0, 1]],
    ['all 0 gives nobody (Go alternates)', [0, 0], [-1, -1]],
    ['no replicas give nobody', [], [-1, -1]],
  ])('%s', (_, weights, order) => {
    expect(picks(createWeightedRoundRobin(weights), order.length)).toEqual(order);
  });

  test('new weights keep the position and start the current weight anew', () => {
    const round = createWeightedRoundRobin([4, 2]);
    picks(round, 3); // stands on e2
    round.replace([1, 4]);
    expect(picks(round, 9)).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 0]);
    // Go gives one request to e2, whose weight is 0 by now, before e1 gets all; ours never does.
    round.replace([3, 0]);
    expect(picks(round, 4)).toEqual([0, 0, 0, 0]);
  });

  test('the position is kept in the middle of a pass', () => {
    const round = createWeightedRoundRobin([1, 1, 1]);
    picks(round, 1);
    round.replace([2, 2, 2]);
    expect(picks(round, 5)).toEqual([1, 2, 0, 1, 2]);
  });

  test('the position counts modulo the length of a shorter list', () => {
    const round = createWeightedRoundRobin([1, 1, 1]);
    picks(round, 3);
    round.replace([1, 2]);
    expect(picks(round, 5)).toEqual([1, 1, 0, 1, 1]);
  });
});

test.each([[-1], [0.5], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 60]])(
  'weight %d is refused and the old round stays',
  wrong => {
    expect(() => createWeightedRoundRobin([wrong])).toThrow(`weight ${wrong} is not allowed in a round; allowed: whole numbers`);
    const round = createWeightedRoundRobin([1, 2]);
    expect(() => round.replace([1, wrong])).toThrow(RangeError);
    expect(picks(round, 3)).toEqual([1, 0, 1]);
  },
);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const anyWeights = fc.array(fc.nat(40), { minLength: 1, maxLength: 8 });

test('every cycle from the start on contains each index exactly weight / gcd times', () => {
  fc.assert(
    fc.property(anyWeights, weights => {
      const divisor = weights.reduce(gcd);
      fc.pre(divisor > 0);
      const round = createWeightedRoundRobin(weights);
      const length = weights.reduce((sum, weight) => sum + weight, 0) / divisor;
      for (let cycle = 0; cycle < 3; cycle++) {
        const counts = weights.map(() => 0);
        for (const index of picks(round, length)) counts[index]!++;
        expect(counts).toEqual(weights.map(weight => weight / divisor));
      }
    }),
  );
});

test('after any changes of the weights a weight of 0 is never picked and the proportions settle at once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyWeights, fc.nat(30)), { minLength: 1 }), changes => {
      const round = createWeightedRoundRobin([]);
      for (const [weights, count] of changes) {
        round.replace(weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (const index of picks(round, count)) expect(total === 0 ? index === -1 : weights[index]! > 0).toBe(true);
        if (total === 0) continue;
        const divisor = weights.reduce(gcd);
        // What is left of the pass in which the change fell is over after at most one pick of each; then rounds are exact.
        const counts = weights.map(() => 0);
        for (const index of picks(round, (2 * total) / divisor)) counts[index]!++;
        counts.forEach((found, index) => {
          expect(Math.abs(found - (2 * weights[index]!) / divisor)).toBeLessThanOrEqual(weights.length);
        });
      }
    }),
  );
});
