import { betavariate } from './betavariate.ts';
import { constant } from './constant.ts';
import type { Distribution } from './distribution.ts';
import { expovariate } from './expovariate.ts';
import { gammavariate } from './gammavariate.ts';
import { gauss } from './gauss.ts';
import { lognormvariate } from './lognormvariate.ts';
import { normalvariate } from './normalvariate.ts';
import { paretovariate } from './paretovariate.ts';
import { triangular } from './triangular.ts';
import { uniform } from './uniform.ts';
import { vonmisesvariate } from './vonmisesvariate.ts';
import { weibullvariate } from './weibullvariate.ts';

const all = [
  constant,
  uniform,
  triangular,
  normalvariate,
  gauss,
  lognormvariate,
  expovariate,
  vonmisesvariate,
  gammavariate,
  betavariate,
  paretovariate,
  weibullvariate,
] as const;

/** Name of a distribution. */
export type DistributionName = (typeof all)[number]['name'];

/** All distributions, in the order of Galileo's documentation. */
export const distributions: readonly Distribution<DistributionName>[] = all;

const byName: ReadonlyMap<string, Distribution<DistributionName>> = new Map(distributions.map(entry => [entry.name, entry]));

/** Finds a distribution by its name. */
export function findDistribution(name: string): Distribution<DistributionName> | undefined {
  return byName.get(name);
}

/** Why a distribution can't be had: unknown name, wrong number of parameters, a value out of range. */
export function distributionProblem(name: string, parameters: readonly number[]): string | undefined {
  const distribution = findDistribution(name);
  if (distribution === undefined) {
    return `found ${JSON.stringify(name)}; allowed: ${distributions.map(entry => entry.name).join(', ')}`;
  }
  const { parameters: names, complete } = distribution;
  const expected = `${name}(${names.join(', ')})`;
  if (parameters.length > names.length || (complete === undefined && parameters.length < names.length)) {
    return `${expected} takes ${names.length} parameter${names.length === 1 ? '' : 's'}; found ${parameters.length}`;
  }
  const wrong = parameters.findIndex(value => !Number.isFinite(value));
  if (wrong >= 0) return `${expected}: ${names[wrong]}: found ${parameters[wrong]}; allowed: a finite number`;
  const problem = distribution.problem(complete?.(parameters) ?? parameters);
  return problem === undefined ? undefined : `${expected}: ${problem}`;
}
