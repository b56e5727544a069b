import type { Curve } from '../src/profiles/curve.ts';
import { createSchedule, type ScheduleOptions } from '../src/schedule.ts';

/** All due times of a schedule, microseconds. */
export function times(options: ScheduleOptions, most = Number.POSITIVE_INFINITY): number[] {
  const schedule = createSchedule(options);
  const all: number[] = [];
  for (let time = schedule.next(); time !== undefined && all.length < most; time = schedule.next()) all.push(time);
  return all;
}

/** Integral of a curve's rate up to each of some growing points in time, seconds. */
export function integralAt(curve: Curve, points: readonly number[]): number[] {
  let stretch = curve();
  let position = 0;
  return points.map(point => {
    while (stretch !== undefined && stretch.end < point) {
      // By the trapezoidal rule: it is exact for what is level or straight.
      position += ((stretch.rateAt(0) + stretch.rateAt(stretch.end - stretch.start)) / 2) * (stretch.end - stretch.start);
      stretch = curve();
    }
    if (stretch === undefined) return position;
    const x = point - stretch.start;
    return position + ((stretch.rateAt(0) + stretch.rateAt(x)) / 2) * x;
  });
}
