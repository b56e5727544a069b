import type { Distribution } from './distribution.ts';
import { outOfRange } from './ranges.ts';

/** Triangular on [low, high] with its peak at `mode` (Python's defaults: 0, 1, midway). */
export const triangular: Distribution<'triangular'> = {
  name: 'triangular',
  parameters: ['low', 'high', 'mode'],
  example: [0.01, 0.1, 0.03],
  complete([low = 0, high = 1, mode = (low + high) / 2]) {
    return [low, high, mode];
  },
  problem([low, high, mode]) {
    if (high! < low!) return outOfRange('high', high!, `a number of at least low = ${low}`);
    if (mode! < low! || mode! > high!) return outOfRange('mode', mode!, `a number from low = ${low} to high = ${high}`);
    return undefined;
  },
  largest: ([, high]) => high!,
  /** Inverse of the CDF on both sides of the mode. */
  sampler([low, high, mode], random) {
    const width = high! - low!;
    const rise = mode! - low!;
    const fall = high! - mode!;
    return () => {
      const u = random();
      if (u * width < rise) return low! + Math.sqrt(u * width * rise);
      return high! - Math.sqrt((1 - u) * width * fall);
    };
  },
};
