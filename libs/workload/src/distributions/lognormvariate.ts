import { randomLogNormal } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { notNegative } from './ranges.ts';

/** exp of a normal with mean mu and standard deviation sigma; the mean is exp(mu + sigma^2 / 2). */
export const lognormvariate: Distribution<'lognormvariate'> = {
  name: 'lognormvariate',
  parameters: ['mu', 'sigma'],
  example: [-3.5, 0.5],
  problem: ([, sigma]) => notNegative('sigma', sigma!),
  largest: ([mu, sigma]) => Math.exp(mu! + 6 * sigma!),
  sampler: ([mu, sigma], random) => randomLogNormal.source(random)(mu!, sigma!),
};
