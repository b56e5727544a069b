import type { ProfileArrival } from './arrival.ts';
import { profileCurve } from './profiles/profile-curve.ts';

/**
 * The rate that the arrivals of a profile are drawn from, for plots: its means over `buckets` equal parts of the time from 0 to
 * `duration` (seconds), requests per second; 0 beyond the profile's end. The arrival process has to be one without a problem.
 */
export function meanRates(arrival: ProfileArrival, seed: number, duration: number, buckets: number): number[] {
  const curve = profileCurve(arrival, seed);
  const width = duration / buckets;
  const areas = new Array<number>(buckets).fill(0);
  for (let stretch = curve(); stretch !== undefined && stretch.start < duration; stretch = curve()) {
    const { start, end } = stretch;
    for (let bucket = Math.floor(start / width); bucket < buckets && bucket * width < end; bucket += 1) {
      const from = Math.max(start, bucket * width) - start;
      const to = Math.min(end, (bucket + 1) * width) - start;
      if (to > from) areas[bucket]! += stretch.areaAt(to) - stretch.areaAt(from);
    }
  }
  return areas.map(area => area / width);
}
