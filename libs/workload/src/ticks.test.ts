import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSchedule } from './schedule.ts';
import { ticks } from './ticks.ts';

function times(rates: readonly number[], interval: number): number[] {
  const next = ticks({ kind: 'ticks', rates, interval });
  const all: number[] = [];
  for (let time = next(); time !== undefined; time = next()) all.push(Number(time.toFixed(9)));
  return all;
}

describe('ticks', () => {
  const table: readonly [sentence: string, rates: readonly number[], interval: number, expected: readonly number[]][] = [
    ['spaces requests evenly, the first after one gap', [2], 2, [0.5, 1, 1.5, 2]],
    ['pauses while the rate is 0', [2, 0, 2], 1, [0.5, 1, 2.5, 3]],
    ['begins with a pause', [0, 4], 1, [1.25, 1.5, 1.75, 2]],
    ['carries the rest of a gap into the next step', [1.5, 1], 1, [0.666666667, 1.5]],
    ['carries it across a pause', [1.5, 0, 1], 1, [0.666666667, 2.5]],
    ['carries it over several slow steps', [0.4, 0.4, 0.4], 1, [2.5]],
    ['sends nothing when all rates are 0', [0, 0], 1, []],
  ];
  for (const [sentence, rates, interval, expected] of table) {
    it(sentence, () => expect(times(rates, interval)).toEqual(expected));
  }

  it('gives as many requests as the rates say, in order, never two at a step end', () => {
    const rate = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 }), fc.double({ min: 0.01, max: 50, noNaN: true }));
    const interval = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.double({ min: 0.05, max: 5, noNaN: true }));
    fc.assert(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 20 }), interval, (rates, length) => {
        const all = times(rates, length);
        const total = rates.reduce((sum, value) => sum + value * length, 0);
        expect(Math.abs(all.length - total)).toBeLessThan(1 + 1e-6);
        const highest = Math.max(...rates);
        for (const [i, time] of all.entries()) {
          expect(time).toBeLessThanOrEqual(rates.length * length + 1e-9);
          if (i > 0) expect(time - all[i - 1]!).toBeGreaterThan(1 / highest - 1e-6);
        }
      }),
    );
  });

  it('does not drift: the millionth request of 1,000/s is due after 1,000 s', () => {
    const next = ticks({ kind: 'ticks', rates: new Array(10_000).fill(1000), interval: 0.1 });
    let last = 0;
    for (let i = 0; i < 1_000_000; i += 1) last = next()!;
    expect(Math.round(last * 1e6)).toBe(1_000_000_000);
  });

  it('ends a schedule with the last step, or before it', () => {
    const count = (options: { duration?: number; requests?: number }) => {
      const { requests, ...rest } = options;
      const arrival = { kind: 'ticks' as const, rates: [10, 20], interval: 1, ...(requests === undefined ? {} : { requests }) };
      const schedule = createSchedule({ arrival, seed: 1, ...rest });
      let found = 0;
      while (schedule.next() !== undefined) found += 1;
      return found;
    };
    // The 30th would be due at 2 s, which is not below the end.
    expect(count({})).toBe(29);
    expect(count({ duration: 60 })).toBe(29);
    expect(count({ duration: 1.5 })).toBe(19);
    expect(count({ requests: 7 })).toBe(7);
  });
});
