import { level } from './linear.ts';
import { curveThrough, type Profile } from './profile.ts';

/** A rate that jumps to another one for a while. */
export const spike: Profile<'spike'> = {
  name: 'spike',
  doc: 'a rate that jumps to another one for a while',
  parameters: [
    { name: 'base_rps', unit: 'rate', doc: 'rate before and after', fallback: 0 },
    { name: 'peak_rps', unit: 'rate', doc: 'rate of the spike' },
    { name: 'at', unit: 'span', doc: 'when the spike begins', least: 0 },
    { name: 'length', unit: 'span', doc: 'how long the spike lasts', least: 1e-3 },
  ],
  example: { base_rps: 10, peak_rps: 200, at: 60, length: 5 },
  takesRates: false,
  curve: ({ base_rps, peak_rps, at, length }) =>
    curveThrough([
      level(0, at!, base_rps!),
      level(at!, at! + length!, peak_rps!),
      level(at! + length!, Number.POSITIVE_INFINITY, base_rps!),
    ]),
};
