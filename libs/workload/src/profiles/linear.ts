import type { Stretch } from './curve.ts';

/** A stretch whose rate goes in a straight line; one without end has to be level. */
export function linear(start: number, end: number, from: number, to: number): Stretch {
  const length = end - start;
  const slope = to === from ? 0 : (to - from) / length;
  const rateAt = (x: number) => from + slope * x;
  const areaAt = (x: number) => (from + (slope * x) / 2) * x;
  const mean = (from + to) / 2;
  return {
    start,
    end,
    peak: Math.max(from, to),
    area: mean === 0 ? 0 : mean * length,
    rateAt,
    areaAt,
    reach(area) {
      if (area <= 0) return 0;
      if (slope === 0) return area / from;
      // The root of slope/2 x^2 + from x = area in the form that cancels nothing.
      const x = (2 * area) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * area)));
      return Math.min(x, length);
    },
  };
}

/** A stretch of one rate. */
export function level(start: number, end: number, rate: number): Stretch {
  return linear(start, end, rate, rate);
}
