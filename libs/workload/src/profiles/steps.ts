import type { Curve } from './curve.ts';
import { level } from './linear.ts';
import type { Profile } from './profile.ts';

/** The curve of rates that each hold for `interval` seconds; it ends with the last one. */
export function stepCurve(rates: readonly number[], interval: number): Curve {
  let step = 0;
  return () => {
    if (step >= rates.length) return undefined;
    const stretch = level(step * interval, (step + 1) * interval, rates[step]!);
    step += 1;
    return stretch;
  };
}

/** A rate that changes in steps. */
export const steps: Profile<'steps'> = {
  name: 'steps',
  doc: 'a list of rates, one after the other',
  parameters: [{ name: 'interval', unit: 'span', doc: 'how long each rate lasts', least: 1e-6 }],
  example: { interval: 60 },
  takesRates: true,
  curve: ({ interval }, rates) => stepCurve(rates, interval!),
};
