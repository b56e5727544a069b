import type { Curve, Stretch } from './curve.ts';
import type { Profile } from './profile.ts';
import { cosineOfTurns, sineOfTurns } from './turns.ts';

/** An inverse is good to this many seconds: a thousandth of what a schedule tells apart. */
const tolerance = 1e-9;

/** The `x` from 0 to `length` where a growing function reaches `target`: Newton's method, kept in a bracket by bisection. */
function inverse({ areaAt, rateAt }: Pick<Stretch, 'areaAt' | 'rateAt'>, target: number, length: number, guess: number): number {
  let low = 0;
  let high = length;
  let x = guess;
  while (high - low > tolerance) {
    const excess = areaAt(x) - target;
    if (excess > 0) high = x;
    else low = x;
    const newton = x - excess / rateAt(x);
    // Where the rate is 0, `newton` is infinite or no number at all.
    const next = newton >= low && newton <= high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= tolerance) return next;
    x = next;
  }
  return x;
}

/** One period of a sine as a stretch; `phase` is in turns. */
function period(start: number, end: number, middle: number, amplitude: number, phase: number): Stretch {
  const length = end - start;
  const origin = cosineOfTurns(phase);
  const scale = (amplitude * length) / (2 * Math.PI);
  const rateAt = (x: number) => middle + amplitude * sineOfTurns(phase + x / length);
  const areaAt = (x: number) => middle * x + scale * (origin - cosineOfTurns(phase + x / length));
  const area = middle * length;
  return {
    start,
    end,
    peak: middle + amplitude,
    area,
    rateAt,
    areaAt,
    reach: target => (target <= 0 ? 0 : inverse({ areaAt, rateAt }, target, length, (target / area) * length)),
  };
}

function sineCurve(least: number, most: number, length: number, phase: number): Curve {
  let n = 0;
  return () => {
    const stretch = period(n * length, (n + 1) * length, (most + least) / 2, (most - least) / 2, phase / length);
    n += 1;
    return stretch;
  };
}

/** A rate that swings between two rates. */
export const sine: Profile<'sine'> = {
  name: 'sine',
  doc: 'a rate that swings between two rates, beginning in their middle and rising',
  parameters: [
    { name: 'max_rps', unit: 'rate', doc: 'highest rate' },
    { name: 'min_rps', unit: 'rate', doc: 'lowest rate', fallback: 0 },
    { name: 'period', unit: 'span', doc: 'time from one high to the next', least: 0.01 },
    { name: 'phase', unit: 'span', doc: 'how far into a period it begins', least: 0, fallback: 0 },
  ],
  example: { max_rps: 50, min_rps: 5, period: 30, phase: 7.5 },
  takesRates: false,
  problem: ({ min_rps, max_rps }) =>
    min_rps! <= max_rps! ? undefined : `min_rps: found ${min_rps}; allowed: a number from 0 to max_rps = ${max_rps}`,
  curve: ({ min_rps, max_rps, period: length, phase }) => sineCurve(min_rps!, max_rps!, length!, phase!),
};
