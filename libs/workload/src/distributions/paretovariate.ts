import { randomPareto } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { positive } from './ranges.ts';

/** Pareto with shape alpha; never below 1 second. */
export const paretovariate: Distribution<'paretovariate'> = {
  name: 'paretovariate',
  parameters: ['alpha'],
  example: [3],
  problem: ([alpha]) => positive('alpha', alpha!),
  largest: ([alpha]) => 1e9 ** (1 / alpha!),
  sampler: ([alpha], random) => randomPareto.source(random)(alpha!),
};
