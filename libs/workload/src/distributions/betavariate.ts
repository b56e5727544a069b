import { randomBeta } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { positive } from './ranges.ts';

/** Beta with shapes alpha and beta, between 0 and 1 second. */
export const betavariate: Distribution<'betavariate'> = {
  name: 'betavariate',
  parameters: ['alpha', 'beta'],
  example: [2, 48],
  problem: ([alpha, beta]) => positive('alpha', alpha!) ?? positive('beta', beta!),
  largest: () => 1,
  sampler: ([alpha, beta], random) => randomBeta.source(random)(alpha!, beta!),
};
