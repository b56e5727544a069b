import type { Curve } from '../profiles/curve.ts';
import type { Random } from '../random.ts';

/**
 * Due times of a Poisson process whose rate follows a curve, seconds after the start: by thinning (Lewis and Shedler,
 * Simulation of Nonhomogeneous Poisson Processes by Thinning, 1979). Candidates come at each stretch's peak rate, and one at
 * x is kept with probability rate(x) / peak. A candidate beyond a stretch is dropped and a new one drawn from its end on,
 * which changes nothing, because a Poisson process has no memory.
 *
 * Math.log1p is the only function here whose last bits are the engine's: V8 has the same one (of fdlibm) on every machine,
 * and a due time would only differ if it lay within 1e-16 of the border between two microseconds.
 * @param end seconds: stretches that begin there or later are not looked at.
 * @returns a source of due times; `undefined` once the curve is over.
 */
export function poisson(curve: Curve, random: Random, end = Number.POSITIVE_INFINITY): () => number | undefined {
  let stretch = curve();
  let x = 0;
  return () => {
    while (stretch !== undefined && stretch.start < end) {
      const { start, peak } = stretch;
      const length = stretch.end - start;
      while (peak > 0) {
        x -= Math.log1p(-random()) / peak;
        if (!(x < length)) break;
        if (random() * peak < stretch.rateAt(x)) return start + x;
      }
      stretch = curve();
      x = 0;
    }
    return undefined;
  };
}
