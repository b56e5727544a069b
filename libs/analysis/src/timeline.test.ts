import type { ClockOffset } from '@galileo/expdb';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTimeline } from './timeline.ts';

/** An estimate of telemd's clock on node-a, within 1 ms. */
function estimate(at: number, offset: number, change: Partial<ClockOffset> = {}): ClockOffset {
  return { expId: 'e', producer: 'telemd/node-a/1', at, offset, uncertainty: 0.001, segment: 0, ...change };
}

const restarted = { producer: 'telemd/node-a/2' };
const stepped = { segment: 1 };

describe('the correction of a raw time', () => {
  test.for<[what: string, rows: ClockOffset[], time: number, wanted: [offset: number, uncertainty: number] | undefined]>([
    ['an estimate: is what it says', [estimate(100, 5)], 100, [5, 0.001]],
    ['between two: on the line', [estimate(100, 5), estimate(110, 5.001)], 104, [5.0004, 0.001 + 4 * 10e-6]],
    [
      'between two of different uncertainty',
      [estimate(100, 5), estimate(110, 5, { uncertainty: 0.011 })],
      105,
      [5, 0.006 + 5 * 10e-6],
    ],
    ['a drift of 100 ppm', [estimate(0, 1), estimate(1000, 1.1), estimate(2000, 1.2)], 1500, [1.15, 0.001 + 500 * 10e-6]],
    ['rows in any order', [estimate(110, 7), estimate(100, 5), estimate(105, 6)], 105, [6, 0.001]],
    ['after the last: held, and less certain with its age', [estimate(90, 4), estimate(100, 5)], 160, [5, 0.001 + 60 * 50e-6]],
    ['before the first: likewise', [estimate(100, 5), estimate(110, 6)], 40, [5, 0.001 + 60 * 50e-6]],
    ['as long after as it is held', [estimate(100, 5)], 400, [5, 0.001 + 300 * 50e-6]],
    ['longer after: nobody knows', [estimate(100, 5)], 400.1, undefined],
    ['longer before: nobody knows', [estimate(1000, 5)], 699, undefined],
    ['a gap within a segment, however long', [estimate(0, 1), estimate(10_000, 1)], 5000, [1, 0.001 + 5000 * 10e-6]],
    [
      'after a step: by the segment that it lies in',
      [estimate(100, 5), estimate(110, 50, stepped), estimate(120, 50, stepped)],
      115,
      [50, 0.001 + 5 * 10e-6],
    ],
    // Up to the older's 5.0012 it may have been the one clock, from 5.9992 on the other: between 4.9988 and 6.0012.
    [
      'in the gap where a step was: all that it may have been',
      [estimate(100, 5), estimate(108, 6, stepped)],
      104,
      [5.5, 0.5 + 0.001 + 4 * 50e-6],
    ],
    [
      'in a long gap where a step was: by the one that is near',
      [estimate(100, 5), estimate(900, 6, stepped)],
      890,
      [6, 0.001 + 10 * 50e-6],
    ],
    ['in the middle of it: nobody knows', [estimate(100, 5), estimate(900, 6, stepped)], 500, undefined],
    [
      'a restarted producer with another clock: by the one that covers the time',
      [estimate(100, 5), estimate(110, 5), estimate(120, 105, restarted), estimate(130, 105, restarted)],
      125,
      [105, 0.001 + 5 * 10e-6],
    ],
    [
      'its predecessor',
      [estimate(100, 5), estimate(110, 5), estimate(120, 105, restarted), estimate(130, 105, restarted)],
      105,
      [5, 0.001 + 5 * 10e-6],
    ],
    [
      'two producers whose raw times overlap: all that both say',
      [estimate(100, 5), estimate(110, 5), estimate(104, 9, restarted), estimate(114, 9, restarted)],
      107,
      [7, 2 + 0.001 + 3 * 10e-6],
    ],
    [
      'shortly after the last estimate of one, within those of another: likewise',
      [estimate(100, 5), estimate(90, 9, restarted), estimate(110, 9, restarted), estimate(120, 9, restarted)],
      106,
      // From 4.9987 by the one to 9.00104 by the other.
      [(5 - 0.001 - 6 * 50e-6 + 9 + 0.001 + 4 * 10e-6) / 2, (4 + 0.002 + 6 * 50e-6 + 4 * 10e-6) / 2],
    ],
    [
      'shortly after the last estimate of a segment, within those of the next: by the next',
      [estimate(100, 5), estimate(104, 9, stepped), estimate(108, 9, stepped)],
      106,
      [9, 0.001 + 2 * 10e-6],
    ],
    [
      'three: likewise',
      [1, 2, 3].flatMap(n => [100, 110].map(at => estimate(at, n, { producer: `telemd/node-a/${n}` }))),
      100,
      [2, 1.001],
    ],
    ['another service of the node', [estimate(100, 5, { producer: 'client/node-a/1' })], 100, undefined],
    ['another node', [estimate(100, 5, { producer: 'telemd/node-b/1' })], 100, undefined],
    ['a producer without a name', [estimate(100, 5, { producer: 'x' })], 100, undefined],
    ['nothing', [], 100, undefined],
  ])('%s', ([, rows, time, wanted]) => {
    const found = createTimeline(rows).correction('telemd', 'node-a', time);
    if (wanted === undefined) return expect(found).toBeUndefined();
    expect(found!.offset).toBeCloseTo(wanted[0], 9);
    expect(found!.uncertainty).toBeCloseTo(wanted[1], 9);
  });

  test('a node may have slashes in its name', () => {
    const timeline = createTimeline([estimate(100, 5, { producer: 'loadbalancer/a/b/1' })]);
    expect(timeline.correction('loadbalancer', 'a/b', 100)).toEqual({ offset: 5, uncertainty: 0.001 });
    expect(timeline.clocks).toMatchObject([{ service: 'loadbalancer', node: 'a/b' }]);
  });
});

/** As likely anywhere in [low, high]; fc.double prefers what is next to 0. */
const between = (low: number, high: number) => fc.integer({ min: 0, max: 1e6 }).map(n => low + ((high - low) * n) / 1e6);

/** Part of the life of a simulated clock, with its own drift, and with an estimate every some seconds. */
const part = fc.record({
  /** What stepped at its begin: the reference, or the own clock, in which case the producer was started anew. */
  restarted: fc.boolean(),
  step: fc.oneof(fc.constant(0), between(-0.01, 0.01), between(-30, 30), between(-500, 500)),
  pause: between(0, 20),
  length: between(20, 400),
  every: between(1, 10),
  /** Mean drift, and a wave around it of this amplitude and period. */
  drift: between(-40e-6, 40e-6),
  wander: between(0, 5e-6),
  period: between(1, 1000),
  /** The estimates' uncertainty, and their errors as shares of it, in turn. */
  uncertainty: between(10e-6, 0.01),
  errors: fc.array(between(-1, 1), { minLength: 1, maxLength: 7 }),
});
type Part = ReturnType<typeof part.generate>['value'];

/** A day in 2026: doubles of UNIX seconds are coarser than small ones. */
const beginning = 1_767_300_000;

/** Doubles of UNIX seconds have steps of 0.24 us, and a few are added up. */
const rounding = 2e-6;

/** What a clock of these parts shows at some instants of each part, with the reference's time, and its estimates. */
function simulate(parts: readonly Part[], instants: readonly number[]) {
  const rows: ClockOffset[] = [];
  const readings: { raw: number; reference: number }[] = [];
  let now = beginning;
  let raw = beginning;
  let ahead = 0;
  let producer = 0;
  for (const [
    segment,
    { restarted, step, pause, length, every, drift, wander, period, uncertainty, errors },
  ] of parts.entries()) {
    if (restarted) {
      producer++;
      raw += step;
    } else ahead += step;
    const [begin, shown] = [now, raw];
    const rawAt = (age: number) =>
      shown + age * (1 + drift) + ((wander * period) / (2 * Math.PI)) * Math.sin((2 * Math.PI * age) / period);
    const referenceAt = (age: number) => begin + ahead + age;
    for (let n = 0; n * every <= length; n++) {
      const at = rawAt(n * every);
      const offset = referenceAt(n * every) - at + uncertainty * errors[n % errors.length]!;
      rows.push({ expId: 'e', producer: `telemd/node-a/${producer}`, at, offset, uncertainty, segment });
    }
    for (const share of instants) readings.push({ raw: rawAt(share * length), reference: referenceAt(share * length) });
    now += length + pause;
    raw = rawAt(length + pause);
  }
  return { rows, readings };
}

test('a simulated clock with drift, steps and restarts has its true time within the stated uncertainty', () => {
  const seed = Number(process.env['galileo_test_seed'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  let asked = 0;
  let useful = 0;
  const property = fc.property(
    fc.array(part, { minLength: 1, maxLength: 5 }),
    fc.array(fc.oneof(between(0, 1), between(0.95, 1)), { minLength: 5, maxLength: 30 }),
    (parts, instants) => {
      const { rows, readings } = simulate(parts, instants);
      const timeline = createTimeline(rows);
      for (const { raw, reference } of readings) {
        const { offset, uncertainty } = timeline.correction('telemd', 'node-a', raw)!;
        expect(Math.abs(raw + offset - reference)).toBeLessThanOrEqual(uncertainty + rounding);
        asked++;
        if (uncertainty < 0.02) useful++;
      }
    },
  );
  fc.assert(property, { seed, numRuns: 500 });
  // Where raw times overlap, or around a step, little can be said; elsewhere something has to be.
  console.log(`${useful} of ${asked} times within 20 ms`);
  expect(useful).toBeGreaterThan(asked / 2);
});
