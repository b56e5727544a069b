import type { ClockOffset } from '@galileo/expdb';

/** How a raw time relates to the reference's, seconds. */
export interface Correction {
  /** What must be added to the raw time. */
  readonly offset: number;
  /** Bound of the error of the sum. */
  readonly uncertainty: number;
}

/** The clock of one service on one node, through all its restarts. */
export interface NodeClock {
  readonly service: string;
  readonly node: string;
  readonly stretches: readonly Stretch[];
}

/** One segment of one producer: time in which its clock and the reference only drifted against each other. */
interface Stretch {
  /** By time; never empty. */
  readonly estimates: readonly ClockOffset[];
  /** Raw times that may well lie in it: from somewhat before its first estimate until somewhat after its last. */
  readonly from: number;
  readonly to: number;
}

/** What is known of all clocks of an experiment. */
export interface Timeline {
  readonly clocks: readonly NodeClock[];
  /**
   * The correction of the raw time `time`, UNIX seconds, of a service on a node; undefined where nothing is known.
   * Between two estimates of a stretch it is interpolated; up to `longestHold` before and after it is that of the nearest
   * estimate, if no other stretch has a better claim to the time. Where several have (producers whose raw times overlap
   * since the clock was stepped, or the gap around a step) nobody knows which is right: it covers what all of them say.
   */
  correction(service: string, node: string, time: number): Correction | undefined;
}

/**
 * Seconds that an estimate is held where there is no newer or older one. Its age costs 15 ms by then, more than most
 * figures mind; and the longer, the likelier a step went unseen.
 */
const longestHold = 300;

/** Seconds from a stretch's estimates that records of it are to be expected in: producers give an estimate every 5 s. */
const margin = 10;

/** How far two clocks drift apart, 50 ppm: what a cheap crystal is off by. Beyond the estimates nothing tells the drift. */
const drift = 50e-6;

/** How far the drift may be from its mean between two estimates, which is known: what the estimates themselves allow for. */
const wander = 10e-6;

/** The correction at `time` by a single estimate. */
function held({ at, offset, uncertainty }: ClockOffset, time: number): Correction | undefined {
  const age = Math.abs(time - at);
  return age <= longestHold ? { offset, uncertainty: uncertainty + drift * age } : undefined;
}

/** Index of the last of some estimates that is not after `time`; there is one. */
function lastBefore(estimates: readonly ClockOffset[], time: number): number {
  let low = 0;
  let high = estimates.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (estimates[middle]!.at <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The correction at `time` by one stretch. A clock whose drift keeps within `wander` of its mean strays from the straight
 * line between two estimates by no more than `wander` times the distance to the nearer one.
 */
function correctionBy({ estimates }: Stretch, time: number): Correction | undefined {
  const first = estimates[0]!;
  if (time < first.at) return held(first, time);
  const index = lastBefore(estimates, time);
  const before = estimates[index]!;
  const after = estimates[index + 1];
  if (after === undefined) return held(before, time);
  const share = (time - before.at) / (after.at - before.at);
  const between = (one: number, other: number) => one + (other - one) * share;
  return {
    offset: between(before.offset, after.offset),
    uncertainty: between(before.uncertainty, after.uncertainty) + wander * Math.min(time - before.at, after.at - time),
  };
}

/** The narrowest correction that covers both. */
function covering(one: Correction | undefined, other: Correction | undefined): Correction | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const lowest = Math.min(one.offset - one.uncertainty, other.offset - other.uncertainty);
  const highest = Math.max(one.offset + one.uncertainty, other.offset + other.uncertainty);
  return { offset: (lowest + highest) / 2, uncertainty: (highest - lowest) / 2 };
}

function correctionAt(stretches: readonly Stretch[], time: number): Correction | undefined {
  let claimed: Correction | undefined;
  let before: Stretch | undefined;
  let after: Stretch | undefined;
  for (const stretch of stretches) {
    if (stretch.to < time) before = before === undefined || stretch.to > before.to ? stretch : before;
    else if (stretch.from > time) after = after === undefined || stretch.from < after.from ? stretch : after;
    else claimed = covering(claimed, correctionBy(stretch, time));
  }
  return claimed ?? covering(before && correctionBy(before, time), after && correctionBy(after, time));
}

/** The stretches of one producer. Its raw time never goes back, so that none reaches beyond the estimates of another. */
function stretchesOf(rows: readonly ClockOffset[]): Stretch[] {
  const byTime = rows.toSorted((one, other) => one.at - other.at);
  const segments = [...Map.groupBy(byTime, row => row.segment).values()];
  return segments.map((estimates, index) => ({
    estimates,
    from: Math.max(estimates[0]!.at - margin, segments[index - 1]?.at(-1)?.at ?? Number.NEGATIVE_INFINITY),
    to: Math.min(estimates.at(-1)!.at + margin, segments[index + 1]?.[0]?.at ?? Number.POSITIVE_INFINITY),
  }));
}

/** `<service>/<node>` of a producer's id `<service>/<node>/<nonce>`. */
function clockName(producer: string): string {
  return producer.slice(0, Math.max(0, producer.lastIndexOf('/')));
}

/** Makes the timeline of the clock estimates of one experiment, in any order. */
export function createTimeline(rows: readonly ClockOffset[]): Timeline {
  const clocks = new Map<string, NodeClock>();
  for (const [name, own] of Map.groupBy(rows, row => clockName(row.producer))) {
    const slash = name.indexOf('/');
    clocks.set(name, {
      service: name.slice(0, Math.max(0, slash)),
      node: name.slice(slash + 1),
      stretches: [...Map.groupBy(own, row => row.producer).values()].flatMap(stretchesOf),
    });
  }
  return {
    clocks: [...clocks.values()],
    correction: (service, node, time) => correctionAt(clocks.get(`${service}/${node}`)?.stretches ?? [], time),
  };
}
