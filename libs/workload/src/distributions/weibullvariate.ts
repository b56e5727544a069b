import { randomWeibull } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { positive } from './ranges.ts';

/** Weibull with scale alpha and shape beta (Python's order; d3 takes shape, location, scale). */
export const weibullvariate: Distribution<'weibullvariate'> = {
  name: 'weibullvariate',
  parameters: ['alpha', 'beta'],
  example: [0.05, 1.5],
  problem: ([alpha, beta]) => positive('alpha', alpha!) ?? positive('beta', beta!),
  largest: ([alpha, beta]) => alpha! * 21 ** (1 / beta!),
  sampler: ([alpha, beta], random) => randomWeibull.source(random)(beta!, 0, alpha!),
};
