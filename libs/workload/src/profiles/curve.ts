/**
 * A stretch of a rate curve over which the rate is given by one formula. `x` is seconds after the stretch's start, from 0 to
 * its length; rates are requests per second, areas (integrals of the rate) are requests.
 */
export interface Stretch {
  /** Seconds after the curve's start. */
  readonly start: number;
  /** Seconds after the curve's start; may be infinite. */
  readonly end: number;
  /** A bound that the rate never exceeds here; 0 only if no request is due here. */
  readonly peak: number;
  /** Integral of the rate over the whole stretch. */
  readonly area: number;
  rateAt(x: number): number;
  /** Integral of the rate over the first `x` seconds. */
  areaAt(x: number): number;
  /** Smallest `x` with `areaAt(x) >= area`; `area` is from 0 to the stretch's. */
  reach(area: number): number;
}

/**
 * A rate over time, handed out stretch by stretch from time 0 on, without gaps; `undefined` at its end. Nothing of it is
 * kept, so that a curve of any length takes the same memory.
 */
export type Curve = () => Stretch | undefined;
