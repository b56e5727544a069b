import type { Distribution } from './distribution.ts';
import { notNegative } from './ranges.ts';

/** The same gap again and again (Galileo's own; Python has no name for it). */
export const constant: Distribution<'constant'> = {
  name: 'constant',
  parameters: ['value'],
  example: [0.04],
  problem: ([value]) => notNegative('value', value!),
  largest: ([value]) => value!,
  sampler:
    ([value]) =>
    () =>
      value!,
};
