import { expect, test } from 'vitest';
import { highestWeight, integerWeights, milliWeights, weightsProblem } from './weights.ts';

test.each([
  ['whole numbers and 0 fit', ['a', 'b'], [3, 0], undefined],
  ['no hosts need no weights', [], [], undefined],
  ['fractions fit', ['a'], [0.001], undefined],
  ['the highest weight fits', ['a'], [highestWeight], undefined],
  ['a missing weight', ['a', 'b'], [1], 'found 1 weights for 2 hosts; allowed: one weight per host'],
  ['a negative weight', ['a', 'b'], [1, -1], 'weight of b: -1 is not allowed; allowed: a number from 0 to 1000000000'],
  ['not a number', ['a'], [Number.NaN], 'weight of a: NaN is not allowed; allowed: a number from 0 to 1000000000'],
  ['infinite', ['a'], [Infinity], 'weight of a: Infinity is not allowed; allowed: a number from 0 to 1000000000'],
  ['too high', ['a'], [2e9], 'weight of a: 2000000000 is not allowed; allowed: a number from 0 to 1000000000'],
])('%s', (_, hosts, weights, problem) => {
  expect(weightsProblem(hosts, weights)).toBe(problem);
});

test('integer weights are truncated as by int() of Python', () => {
  expect(integerWeights([0.5, 1, 2.9, 0])).toEqual([0, 1, 2, 0]);
});

test.each([
  ['whole weights are reduced', [4, 2], [2, 1]],
  ['fractions keep their proportion', [0.5, 1], [1, 2]],
  ['three decimals count', [0.333, 0.667], [333, 667]],
  ['the fourth does not', [0.0004, 1.0004], [0, 1]],
  ['binary fractions are rounded, not cut', [0.29, 0.1], [29, 10]],
  ['all 0', [0, 0], [0, 0]],
  ['none', [], []],
  ['the highest weight stays exact', [highestWeight, 0.001], [1_000_000_000_000, 1]],
])('milli weights: %s', (_, weights, found) => {
  expect(milliWeights(weights)).toEqual(found);
});
