import { randomNormal } from 'd3-random';
import type { Random } from '../random.ts';
import type { Curve } from './curve.ts';
import { level } from './linear.ts';
import type { Profile } from './profile.ts';

/** Folds a value back from the bounds that it has run over. */
function reflect(value: number, least: number, most: number): number {
  const width = most - least;
  if (width === 0) return least;
  const turn = 2 * width;
  const position = (((value - least) % turn) + turn) % turn;
  return least + (position > width ? turn - position : position);
}

function walk(least: number, most: number, start: number, sigma: number, interval: number, random: Random): Curve {
  const change = randomNormal.source(random)(0, sigma);
  let n = 0;
  let rate = start;
  return () => {
    if (n > 0) rate = reflect(rate + change(), least, most);
    const stretch = level(n * interval, (n + 1) * interval, rate);
    n += 1;
    return stretch;
  };
}

/** A rate that goes up or down by a normal change after each interval, and turns back at its bounds. */
export const randomwalk: Profile<'randomwalk'> = {
  name: 'randomwalk',
  doc: 'a rate that changes at random after each interval, within bounds',
  parameters: [
    { name: 'max_rps', unit: 'rate', doc: 'highest rate' },
    { name: 'min_rps', unit: 'rate', doc: 'lowest rate', fallback: 0 },
    { name: 'start_rps', unit: 'rate', doc: 'rate at the begin; the middle if left out', fallback: 'derived' },
    { name: 'sigma_rps', unit: 'change', doc: 'standard deviation of a change' },
    { name: 'interval', unit: 'span', doc: 'time between two changes', least: 0.01 },
    {
      name: 'seed',
      unit: 'seed',
      doc: 'seed of the walk: all with the same one take the same walk; if left out it follows from the seed of the arrivals',
      fallback: 'derived',
    },
  ],
  example: { max_rps: 80, min_rps: 10, start_rps: 40, sigma_rps: 8, interval: 2 },
  takesRates: false,
  problem({ min_rps, max_rps, start_rps }) {
    if (min_rps! > max_rps!) return `min_rps: found ${min_rps}; allowed: a number from 0 to max_rps = ${max_rps}`;
    if (start_rps === undefined || (start_rps >= min_rps! && start_rps <= max_rps!)) return undefined;
    return `start_rps: found ${start_rps}; allowed: a number from min_rps = ${min_rps} to max_rps = ${max_rps}`;
  },
  curve: ({ min_rps, max_rps, start_rps, sigma_rps, interval }, _, random) =>
    walk(min_rps!, max_rps!, start_rps ?? (min_rps! + max_rps!) / 2, sigma_rps!, interval!, random()),
};
