import { level } from './linear.ts';
import { curveThrough, type Profile } from './profile.ts';

/** One rate, without end. */
export const constant: Profile<'constant'> = {
  name: 'constant',
  doc: 'one rate',
  parameters: [{ name: 'rps', unit: 'rate', doc: 'the rate' }],
  example: { rps: 25 },
  takesRates: false,
  curve: ({ rps }) => curveThrough([level(0, Number.POSITIVE_INFINITY, rps!)]),
};
