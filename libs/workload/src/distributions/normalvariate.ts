import { randomNormal } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { notNegative } from './ranges.ts';

/** Normal with mean mu and standard deviation sigma; what falls below 0 counts as a gap of 0. */
export const normalvariate: Distribution<'normalvariate'> = {
  name: 'normalvariate',
  parameters: ['mu', 'sigma'],
  example: [0.04, 0.01],
  problem: ([, sigma]) => notNegative('sigma', sigma!),
  largest: ([mu, sigma]) => mu! + 6 * sigma!,
  sampler: ([mu, sigma], random) => randomNormal.source(random)(mu!, sigma!),
};
