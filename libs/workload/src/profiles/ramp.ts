import { level, linear } from './linear.ts';
import { curveThrough, type Profile } from './profile.ts';

/** A rate that goes in a straight line, and stays where it has come to. */
export const ramp: Profile<'ramp'> = {
  name: 'ramp',
  doc: 'a rate that goes in a straight line and then stays',
  parameters: [
    { name: 'from_rps', unit: 'rate', doc: 'rate at the begin', fallback: 0 },
    { name: 'to_rps', unit: 'rate', doc: 'rate at the end of the ramp, and from then on' },
    { name: 'over', unit: 'span', doc: 'length of the ramp', least: 1e-3 },
  ],
  example: { from_rps: 5, to_rps: 60, over: 120 },
  takesRates: false,
  curve: ({ from_rps, to_rps, over }) =>
    curveThrough([linear(0, over!, from_rps!, to_rps!), level(over!, Number.POSITIVE_INFINITY, to_rps!)]),
};
