import { randomExponential } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { positive } from './ranges.ts';

/** Exponential with rate lambda: a Poisson process of lambda requests per second, 1 / lambda seconds apart on average. */
export const expovariate: Distribution<'expovariate'> = {
  name: 'expovariate',
  parameters: ['lambda'],
  example: [25],
  problem: ([lambda]) => positive('lambda', lambda!),
  // P(X > 21 / lambda) = exp(-21) < 1e-9.
  largest: ([lambda]) => 21 / lambda!,
  sampler: ([lambda], random) => randomExponential.source(random)(lambda!),
};
