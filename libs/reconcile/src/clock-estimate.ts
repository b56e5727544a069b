/** The four time stamps of an exchange, UNIX seconds: t0 and t3 by the own clock, t1 and t2 by the reference's. */
export interface Exchange {
  /** t0, the question leaves. */
  readonly sent: number;
  /** t1, the question arrives. */
  readonly received: number;
  /** t2, the answer leaves. */
  readonly answered: number;
  /** t3, the answer arrives. */
  readonly arrived: number;
}

/** How the own clock relates to the reference, seconds. */
export interface Estimate {
  /** When the estimate holds, own time, UNIX seconds. */
  readonly at: number;
  /** What must be added to the own time to get the reference's. */
  readonly offset: number;
  /** Bound of the offset's error. */
  readonly uncertainty: number;
  /** Grows with every step of one of the two clocks: between estimates of different segments nothing may be interpolated. */
  readonly segment: number;
}

export interface ClockEstimator {
  /** Takes an exchange that ended after those before it. One whose answer comes before the question counts as a step. */
  add(exchange: Exchange): void;
  /** One of the two clocks has stepped: what was measured before says nothing about what comes. */
  restart(): void;
  /** The estimate at the own time `now`, not before the last exchange's end; undefined while there is no exchange to go by. */
  estimate(now: number): Estimate | undefined;
}

/** A bound of the offset: of its value at one instant of the own time, seconds. */
interface Bound {
  readonly at: number;
  readonly value: number;
}

/** Bounds are used for so long, seconds. */
const window = 120;

/**
 * Most that one clock runs faster than the other: the kernel steers its clock by no more than this (adjtimex(2), MAXFREQ),
 * and cheap crystals are off by some 50 ppm each.
 */
const mostDrift = 500e-6;

/**
 * How far the mean drift of any time within the window may be from the drift now: crystals warm up, and the kernel steers.
 * That it steers harder shows only once old bounds can't be met any more (clock-simulation.test.ts shows what that costs).
 */
const wander = 10e-6;

/** Doubles of UNIX seconds have steps of 0.24 us; what is computed of four of them is off by no more than this, seconds. */
const rounding = 1e-6;

/** Does the path o, a, b turn to the left? */
const turnsLeft = (o: Bound, a: Bound, b: Bound) => (a.at - o.at) * (b.value - o.value) > (a.value - o.value) * (b.at - o.at);

/**
 * Bounds in the order of their time, without those that no straight line can touch without violating another: the convex
 * hull, from below for upper bounds (`side` 1) and from above for lower ones (-1). That bounds get looser with their age, by
 * `wander`, tilts all of them alike and is put into the values.
 */
function createHull(side: 1 | -1) {
  let hull: Bound[] = [];
  return {
    add({ at, value }: Bound): void {
      const bound = { at, value: side * value - wander * at };
      while (hull.length >= 2 && !turnsLeft(hull.at(-2)!, hull.at(-1)!, bound)) hull.pop();
      hull.push(bound);
    },
    drop(before: number): void {
      hull = hull.filter(bound => bound.at >= before);
    },
    dropOldest(): void {
      hull.shift();
    },
    clear(): void {
      hull = [];
    },
    /** The bounds as they hold for a straight line through the present, with their age in place of their time. */
    at: (now: number) => hull.map(({ at, value }) => ({ age: now - at, value: side * (value + wander * now) })),
    /** When the oldest bound held; never, if there is none. */
    get oldest() {
      return hull[0]?.at ?? Number.POSITIVE_INFINITY;
    },
  };
}

type AgedBound = ReturnType<ReturnType<typeof createHull>['at']>[number];

/**
 * The drifts of a straight line that lies between the bounds; `least` > `most` if there is none. Beyond +-mostDrift it is two
 * bounds alone that contradict each other.
 */
function possibleDrifts(upper: readonly AgedBound[], lower: readonly AgedBound[]): { least: number; most: number } {
  let least = -mostDrift;
  let most = mostDrift;
  for (const above of upper) {
    for (const below of lower) {
      // offset + drift * age is what a bound of that age is held against, so that: drift * span <= gap.
      const span = below.age - above.age;
      const gap = above.value - below.value;
      if (span > 0) most = Math.min(most, gap / span);
      else if (span < 0) least = Math.max(least, gap / span);
      else if (gap < 0) most = Number.NEGATIVE_INFINITY;
    }
  }
  return { least, most };
}

/**
 * Estimates the offset from NTP's four time stamps (RFC 5905, section 8), with bounds in place of averages.
 *
 * No message arrives before it was sent: the offset is at most t1 - t0 at t0 and at least t2 - t3 at t3, which holds however
 * unequal the ways are. For one exchange this is the offset ((t1 - t0) + (t2 - t3)) / 2 with the uncertainty of half the delay
 * (t3 - t0) - (t2 - t1). Many exchanges bound the straight line that the offset follows (Zhang, Liu, Xia: Clock
 * synchronization algorithms for network measurements, INFOCOM 2002), so that those with the shortest ways count,
 * whichever direction they were short in. The estimate is the middle of what the lines that are left allow now; the
 * uncertainty is half of their spread, which grows with the age of the bounds by what is not known of the drift.
 *
 * Old bounds that no line can satisfy together with new ones are dropped: the drift has changed, or, if it would have to
 * exceed what clocks do, one of them has stepped and a new segment begins.
 */
export function createClockEstimator(): ClockEstimator {
  const upper = createHull(1);
  const lower = createHull(-1);
  let segment = 0;

  const restart = () => {
    upper.clear();
    lower.clear();
    segment++;
  };

  return {
    restart,
    add({ sent, received, answered, arrived }) {
      const most = received - sent + rounding;
      const least = answered - arrived - rounding;
      if (!(least <= most)) return restart();
      upper.add({ at: sent, value: most });
      lower.add({ at: arrived, value: least });
    },
    estimate(now) {
      upper.drop(now - window);
      lower.drop(now - window);
      let stepped = false;
      for (;;) {
        const above = upper.at(now);
        const below = lower.at(now);
        if (above.length === 0 || below.length === 0) return undefined;
        const { least, most } = possibleDrifts(above, below);
        if (least <= most) {
          if (stepped) segment++;
          // Both grow with the drift, since ages are not negative.
          const highest = Math.min(...above.map(({ age, value }) => value + most * age));
          const lowest = Math.max(...below.map(({ age, value }) => value + least * age));
          return { at: now, offset: (highest + lowest) / 2, uncertainty: (highest - lowest) / 2, segment };
        }
        stepped ||= least > mostDrift || most < -mostDrift;
        (upper.oldest <= lower.oldest ? upper : lower).dropOldest();
      }
    },
  };
}
