import { randomGamma } from 'd3-random';
import type { Distribution } from './distribution.ts';
import { positive } from './ranges.ts';

/** Gamma with shape alpha and scale beta: mean alpha * beta. */
export const gammavariate: Distribution<'gammavariate'> = {
  name: 'gammavariate',
  parameters: ['alpha', 'beta'],
  example: [2, 0.02],
  problem: ([alpha, beta]) => positive('alpha', alpha!) ?? positive('beta', beta!),
  // The tail falls like exp(-x / beta); for a large alpha the normal approximation takes over.
  largest: ([alpha, beta]) => (alpha! + 6 * Math.sqrt(alpha!) + 21) * beta!,
  sampler: ([alpha, beta], random) => randomGamma.source(random)(alpha!, beta!),
};
