import { type Arrival, createSchedule, createScheduleHash, mostNumbers, type ScheduleOptions } from '@galileo/workload';

/** What a schedule holds, found out by drawing it. */
export interface DrawnArrivals {
  readonly requests: number;
  /** When the last request is due, seconds; 0 without any. */
  readonly last: number;
  /** SHA-256 over the due times, see `scheduleHash`. */
  readonly hash: string;
}

/** A schedule is too long for what is wanted of it. */
class TooManyArrivalsError extends Error {
  constructor(most: number, purpose: string) {
    super(
      `the profile has more than ${most} requests, the most that can be ${purpose}; a shorter --duration or --requests helps`,
    );
    this.name = 'TooManyArrivalsError';
  }
}

/** Some seconds of computing. */
const mostDrawn = 10_000_000;

function* dueTimes(options: ScheduleOptions): Generator<number> {
  const schedule = createSchedule(options);
  for (let time = schedule.next(); time !== undefined; time = schedule.next()) yield time;
}

/** Counts and hashes a schedule. @throws TooManyArrivalsError */
export function drawArrivals(options: ScheduleOptions): DrawnArrivals {
  const hash = createScheduleHash();
  let requests = 0;
  let last = 0;
  for (const time of dueTimes(options)) {
    requests += 1;
    if (requests > mostDrawn) throw new TooManyArrivalsError(mostDrawn, 'drawn');
    hash.add(time);
    last = time;
  }
  return { requests, last: last / 1e6, hash: hash.digest() };
}

/** Requests per second in each of so many equal parts of a time, seconds. */
export function arrivalRates(options: ScheduleOptions, duration: number, buckets: number): number[] {
  const width = duration / buckets;
  const counts = new Array<number>(buckets).fill(0);
  for (const time of dueTimes(options)) counts[Math.min(buckets - 1, Math.floor(time / 1e6 / width))]! += 1;
  return counts.map(count => count / width);
}

/** The inter-arrival times of a schedule, seconds: played as recorded ones they give the same schedule. @throws TooManyArrivalsError */
export function arrivalGaps(options: ScheduleOptions): number[] {
  const gaps: number[] = [];
  let last = 0;
  for (const time of dueTimes(options)) {
    if (gaps.length >= mostNumbers) throw new TooManyArrivalsError(mostNumbers, 'saved');
    gaps.push((time - last) / 1e6);
    last = time;
  }
  return gaps;
}

/** Options of a schedule of a recorded list, from which nothing is drawn. */
export function playRecorded(gaps: readonly number[]): { arrival: Arrival; seed: number } {
  return { arrival: { kind: 'recorded', gaps }, seed: 0 };
}
