import { describe, expect, it } from 'vitest';
import { criticalDistance, kolmogorovSmirnov, theories } from '../../test/theory.ts';
import { createRandom } from '../random.ts';
import { distributionProblem, distributions, findDistribution } from './registry.ts';

const draws = 100_000;
const seed = Number(process.env['workload_test_seed'] ?? 20_240_607);

/** Parameters in Python's order, chosen so that a wrong order or a wrong meaning (rate for scale) shows. */
const cases: readonly [name: string, parameters: readonly number[]][] = [
  ['constant', [0.25]],
  ['uniform', [-0.5, 1.5]],
  ['triangular', [1, 5, 2]],
  ['triangular', [1, 5, 5]],
  ['normalvariate', [3, 0.5]],
  ['gauss', [-1, 2]],
  ['lognormvariate', [-1, 0.5]],
  ['expovariate', [25]],
  ['vonmisesvariate', [1, 0.3]],
  ['vonmisesvariate', [6, 4]],
  ['vonmisesvariate', [0, 0]],
  ['gammavariate', [2.5, 0.1]],
  ['gammavariate', [0.5, 3]],
  ['gammavariate', [1, 2]],
  ['betavariate', [2, 5]],
  ['paretovariate', [6]],
  ['weibullvariate', [0.2, 1.5]],
  ['weibullvariate', [3, 4]],
];

function sample(name: string, parameters: readonly number[]): number[] {
  const next = findDistribution(name)!.sampler(parameters, createRandom(seed));
  return Array.from({ length: draws }, next);
}

describe(`a sample of ${draws} values, seed ${seed},`, () => {
  for (const [name, parameters] of cases) {
    it(`follows ${name}(${parameters.join(', ')})`, () => {
      const theory = theories[name]!(parameters);
      const values = sample(name, parameters);
      const mean = values.reduce((sum, x) => sum + x, 0) / draws;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (draws - 1);
      // Five standard errors; the error of the variance is that of a distribution with a kurtosis of up to 15.
      expect(Math.abs(mean - theory.mean)).toBeLessThanOrEqual(5 * Math.sqrt(theory.variance / draws) + 1e-12);
      expect(Math.abs(variance - theory.variance)).toBeLessThanOrEqual(theory.variance * 5 * Math.sqrt(14 / draws) + 1e-12);
      if (theory.cdf !== undefined) expect(kolmogorovSmirnov(values, theory.cdf)).toBeLessThan(criticalDistance(draws));
    });
  }

  it('is tested for every distribution', () => {
    expect(distributions.map(entry => entry.name).filter(name => !cases.some(([tested]) => tested === name))).toEqual([]);
  });

  it('never goes beyond what is called the largest value', () => {
    for (const [name, parameters] of cases) {
      const largest = findDistribution(name)!.largest(parameters);
      expect(Math.max(...sample(name, parameters)), name).toBeLessThanOrEqual(largest);
    }
  });
});

describe('distributionProblem', () => {
  it('allows every example', () => {
    for (const { name, example } of distributions) expect(distributionProblem(name, example), name).toBeUndefined();
  });

  const problems: readonly [why: string, name: string, parameters: readonly number[], message: RegExp][] = [
    ['an unknown name lists all', 'expo', [1], /^found "expo"; allowed: constant, uniform, .*, weibullvariate$/],
    ['too few parameters name them', 'uniform', [1], /^uniform\(a, b\) takes 2 parameters; found 1$/],
    ['too many parameters name them', 'expovariate', [1, 2], /^expovariate\(lambda\) takes 1 parameter; found 2$/],
    ['no parameters', 'constant', [], /^constant\(value\) takes 1 parameter; found 0$/],
    ['NaN', 'gammavariate', [1, Number.NaN], /beta: found NaN; allowed: a finite number$/],
    ['infinity', 'constant', [Number.POSITIVE_INFINITY], /value: found Infinity; allowed: a finite number$/],
    ['a negative constant', 'constant', [-0.1], /value: found -0.1; allowed: a number of at least 0$/],
    ['a rate of 0', 'expovariate', [0], /lambda: found 0; allowed: a number above 0$/],
    ['a negative sigma', 'gauss', [1, -1], /sigma: found -1; allowed: a number of at least 0$/],
    ['uniform upside down', 'uniform', [2, 1], /b: found 1; allowed: a number of at least a = 2$/],
    ['triangular upside down', 'triangular', [2, 1], /high: found 1; allowed: a number of at least low = 2$/],
    ['a mode outside', 'triangular', [0, 1, 3], /mode: found 3; allowed: a number from low = 0 to high = 1$/],
    ['a scale of 0', 'weibullvariate', [0, 1], /alpha: found 0; allowed: a number above 0$/],
    ['a shape of 0', 'betavariate', [1, 0], /beta: found 0; allowed: a number above 0$/],
    ['a negative concentration', 'vonmisesvariate', [1, -2], /kappa: found -2; allowed: a number of at least 0$/],
  ];
  for (const [why, name, parameters, message] of problems) {
    it(`refuses ${why}`, () => expect(distributionProblem(name, parameters)).toMatch(message));
  }

  it("knows triangular's defaults", () => {
    expect(distributionProblem('triangular', [])).toBeUndefined();
    expect(findDistribution('triangular')!.complete!([2, 6])).toEqual([2, 6, 4]);
  });
});
