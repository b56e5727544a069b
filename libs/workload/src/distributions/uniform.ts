import { randomUniform } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { outOfRange } from './ranges.ts';

/** Uniform in [a, b). */
export const uniform: Distribution<'uniform'> = {
  name: 'uniform',
  parameters: ['a', 'b'],
  example: [0.02, 0.06],
  problem: ([a, b]) => (b! >= a! ? undefined : outOfRange('b', b!, `a number of at least a = ${a}`)),
  largest: ([, b]) => b!,
  sampler: ([a, b], random) => randomUniform.source(random)(a!, b!),
};
