import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integralAt, times } from '../../test/draw.ts';
import { type Integral, integrals } from '../../test/integrals.ts';
import { criticalDistance, kolmogorovSmirnov } from '../../test/theory.ts';
import { arrivalProblem, type ProcessName, type ProfileArrival } from '../arrival.ts';
import { meanRates } from '../mean-rates.ts';
import { even } from '../processes/even.ts';
import { poisson } from '../processes/poisson.ts';
import { createRandom } from '../random.ts';
import { createSchedule } from '../schedule.ts';
import { scheduleHash } from '../schedule-hash.ts';
import type { ProfileValues } from './profile.ts';
import { profileCurve } from './profile-curve.ts';
import { type ProfileName, profiles } from './registry.ts';
import { cosineOfTurns, sineOfTurns } from './turns.ts';

const seed = Number(process.env['workload_test_seed'] ?? 20_240_607);

function arrivalOf(
  name: ProfileName,
  parameters: ProfileValues,
  rates: readonly number[] = [],
  process: ProcessName = 'poisson',
): ProfileArrival {
  return { kind: 'profile', name, parameters, rates, process };
}

const someRates = [400, 0, 900, 50, 0, 0, 1234.5, 3];
const cases: readonly [name: ProfileName, parameters: ProfileValues, rates: readonly number[], integral: Integral][] = [
  ['constant', { rps: 400 }, [], integrals.constant(400)],
  ['ramp', { from_rps: 10, to_rps: 900, over: 120 }, [], integrals.ramp(10, 900, 120)],
  ['ramp', { from_rps: 900, to_rps: 0, over: 220 }, [], integrals.ramp(900, 0, 220)],
  ['ramp', { to_rps: 900, over: 120 }, [], integrals.ramp(0, 900, 120)],
  ['steps', { interval: 25 }, someRates, integrals.steps(someRates, 25)],
  ['recorded', { interval: 25 }, someRates, integrals.steps(someRates, 25)],
  ['sine', { max_rps: 800, period: 30 }, [], integrals.sine(800, 0, 30, 0)],
  ['sine', { max_rps: 800, min_rps: 200, period: 7, phase: 3 }, [], integrals.sine(800, 200, 7, 3)],
  ['spike', { base_rps: 100, peak_rps: 3000, at: 50, length: 20 }, [], integrals.spike(100, 3000, 50, 20)],
  ['spike', { peak_rps: 3000, at: 0, length: 40 }, [], integrals.spike(0, 3000, 0, 40)],
];
const duration = 200;

const sentence = (name: string, parameters: ProfileValues) => `${name} ${JSON.stringify(parameters)}`;

describe(`Poisson arrivals of a profile, seed ${seed},`, () => {
  // Time-rescaling theorem (Brown et al., 2002): integrals of the rate between arrivals are exponential with mean 1.
  function checkRescaled(due: readonly number[], positions: readonly number[], total: number): void {
    const gaps = positions.map((position, i) => position - (positions[i - 1] ?? 0));
    expect(kolmogorovSmirnov(gaps, x => -Math.expm1(-Math.max(0, x)))).toBeLessThan(criticalDistance(gaps.length));
    // The number of requests is Poisson with this mean: 3.9 standard deviations are exceeded once in 10,000 times.
    expect(Math.abs(due.length - total)).toBeLessThan(3.9 * Math.sqrt(total));
  }

  for (const [name, parameters, rates, integral] of cases) {
    it(`follow the rate of ${sentence(name, parameters)}`, () => {
      const next = poisson(profileCurve(arrivalOf(name, parameters, rates), seed), createRandom(seed), duration);
      const due: number[] = [];
      for (let time = next(); time !== undefined && time < duration; time = next()) due.push(time);
      checkRescaled(due, due.map(integral), integral(duration));
    });
  }

  it('follow the rate of a random walk', () => {
    const arrival = arrivalOf('randomwalk', { max_rps: 900, min_rps: 100, sigma_rps: 90, interval: 0.5 });
    const due = times({ arrival, seed, duration }).map(time => time / 1e6);
    const positions = integralAt(profileCurve(arrival, seed), [...due, duration]);
    checkRescaled(due, positions.slice(0, -1), positions.at(-1)!);
  });

  it('are unrelated between neighbouring gaps', () => {
    const due = times({ arrival: arrivalOf('constant', { rps: 500 }), seed, duration });
    const gaps = due.map((time, i) => (time - (due[i - 1] ?? 0)) / 2000 - 1);
    const correlation = gaps.slice(1).reduce((sum, gap, i) => sum + gap * gaps[i]!, 0) / gaps.length;
    expect(Math.abs(correlation)).toBeLessThan(3.9 / Math.sqrt(gaps.length));
  });
});

describe('evenly spaced arrivals of a profile', () => {
  for (const [name, parameters, rates, integral] of cases) {
    it(`are where the integral of ${sentence(name, parameters)} reaches whole numbers`, () => {
      const next = even(profileCurve(arrivalOf(name, parameters, rates), seed), duration);
      let k = 0;
      for (let time = next(); time !== undefined && time < duration; time = next()) {
        k += 1;
        expect(Math.abs(integral(time) - k)).toBeLessThan(1e-5);
      }
      expect(Math.abs(k - integral(duration))).toBeLessThanOrEqual(1 + 1e-6);
    });
  }

  const rate = fc.double({ min: 0, max: 200, noNaN: true });
  const span = fc.double({ min: 0.1, max: 20, noNaN: true });
  const anyProfile: fc.Arbitrary<[ProfileArrival, Integral]> = fc.oneof(
    fc
      .tuple(rate, rate, span)
      .map(([from, to, over]): [ProfileArrival, Integral] => [
        arrivalOf('ramp', { from_rps: from, to_rps: to, over }),
        integrals.ramp(from, to, over),
      ]),
    fc
      .tuple(rate, rate, span, span)
      .map(([one, other, period, phase]): [ProfileArrival, Integral] => [
        arrivalOf('sine', { max_rps: Math.max(one, other), min_rps: Math.min(one, other), period, phase }),
        integrals.sine(Math.max(one, other), Math.min(one, other), period, phase),
      ]),
    fc
      .tuple(rate, rate, span, span)
      .map(([base, peak, at, length]): [ProfileArrival, Integral] => [
        arrivalOf('spike', { base_rps: base, peak_rps: peak, at, length }),
        integrals.spike(base, peak, at, length),
      ]),
    fc
      .tuple(fc.array(rate, { minLength: 1, maxLength: 10 }), span)
      .map(([rates, interval]): [ProfileArrival, Integral] => [
        arrivalOf('steps', { interval }, rates),
        integrals.steps(rates, interval),
      ]),
  );

  it('are there for any parameters: the k-th where the integral reaches k, in order, as many as it says', () => {
    fc.assert(
      fc.property(anyProfile, ([arrival, integral]) => {
        const next = even(profileCurve(arrival, 1), 30);
        let k = 0;
        let last = 0;
        for (let time = next(); time !== undefined && time < 30; time = next()) {
          k += 1;
          expect(time).toBeGreaterThanOrEqual(last);
          expect(Math.abs(integral(time) - k)).toBeLessThan(1e-6);
          last = time;
        }
        expect(Math.abs(k - integral(30))).toBeLessThanOrEqual(1 + 1e-6);
      }),
      { seed, numRuns: 300 },
    );
  });

  it('do not drift: after 30,000 periods a sine is where it was', () => {
    const arrival = arrivalOf('sine', { max_rps: 20, min_rps: 10, period: 2 }, [], 'even');
    const all = times({ arrival: { ...arrival, requests: 900_000 }, seed });
    // 30 requests a period: the last one is due at its end.
    expect(all.at(-1)).toBe(60_000_000_000);
    expect(all[449_999]).toBe(30_000_000_000);
  });

  it('do not depend on the seed unless the profile is drawn', () => {
    const of = (name: ProfileName, parameters: ProfileValues, withSeed: number) =>
      times({ arrival: arrivalOf(name, parameters, [], 'even'), seed: withSeed, duration: 20 });
    const walk = { max_rps: 90, sigma_rps: 20, interval: 1 };
    expect(of('sine', { max_rps: 50, period: 5 }, 1)).toEqual(of('sine', { max_rps: 50, period: 5 }, 2));
    expect(of('randomwalk', walk, 1)).not.toEqual(of('randomwalk', walk, 2));
    expect(of('randomwalk', { ...walk, seed: 7 }, 1)).toEqual(of('randomwalk', { ...walk, seed: 7 }, 2));
  });
});

describe('a random walk', () => {
  it('stays within its bounds, begins where it is told and changes by its sigma', () => {
    const arrival = arrivalOf('randomwalk', { max_rps: 1000, min_rps: 10, start_rps: 500, sigma_rps: 5, interval: 1 });
    const curve = profileCurve(arrival, seed);
    const rates = Array.from({ length: 100_000 }, () => curve()!.peak);
    expect(rates[0]).toBe(500);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1000);
    // Away from the bounds, changes are normal with this sigma.
    const changes = rates
      .slice(1)
      .map((value, i) => [rates[i]!, value - rates[i]!] as const)
      .filter(([from]) => from > 60 && from < 950)
      .map(([, change]) => change);
    const variance = changes.reduce((sum, change) => sum + change * change, 0) / changes.length;
    expect(Math.abs(variance / 25 - 1)).toBeLessThan(3.9 * Math.sqrt(2 / changes.length));
  });

  it('turns back at bounds that a single change oversteps many times', () => {
    const curve = profileCurve(arrivalOf('randomwalk', { max_rps: 2, min_rps: 1, sigma_rps: 100, interval: 1 }), seed);
    const rates = Array.from({ length: 1000 }, () => curve()!.peak);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...rates)).toBeLessThanOrEqual(2);
  });

  it('takes the same way whether requests are drawn or evenly spaced', () => {
    const parameters = { max_rps: 90, sigma_rps: 20, interval: 1 };
    const rates = (process: ProcessName) => meanRates(arrivalOf('randomwalk', parameters, [], process), 5, 20, 20);
    expect(rates('poisson')).toEqual(rates('even'));
  });
});

describe('meanRates', () => {
  it('gives means over equal parts', () => {
    expect(meanRates(arrivalOf('ramp', { from_rps: 0, to_rps: 10, over: 10 }), 1, 20, 4)).toEqual([2.5, 7.5, 10, 10]);
    expect(meanRates(arrivalOf('steps', { interval: 1 }, [4, 8]), 1, 4, 2)).toEqual([6, 0]);
    for (const mean of meanRates(arrivalOf('sine', { max_rps: 50, period: 3 }), 1, 12, 4)) expect(mean).toBeCloseTo(25, 9);
  });
});

describe('sine and cosine of turns', () => {
  it('are those of Math to the last bits', () => {
    for (let i = -4000; i <= 4000; i += 1) {
      const turns = i / 1013;
      expect(Math.abs(sineOfTurns(turns) - Math.sin(2 * Math.PI * turns))).toBeLessThan(6e-15);
      expect(Math.abs(cosineOfTurns(turns) - Math.cos(2 * Math.PI * turns))).toBeLessThan(6e-15);
    }
    expect([0, 0.25, 0.5, 0.75, 1].map(sineOfTurns)).toEqual([0, 1, -0, -1, 0]);
  });
});

/** Number of requests and SHA-256 of the due times of the example parameters, 10 minutes, seed 42. */
const hashes: Readonly<Record<string, string>> = {
  'constant poisson': '15040 adcb720fb83c8de03510209bcc0cea9dfe93383f9937a593c86b80786ea9376b',
  'constant even': '14999 f71301d8bcdcac5a93ef60b74991b784962a6560e6c5c31ca4300c04264fdad1',
  'ramp poisson': '32525 e46c1eae20e41cc20061c85e8f0ede4637bf365cfb70a1890a506ef2a9bf5aef',
  'ramp even': '32699 72cc3e543b40193bbd34dec73c2bea72b573db21d552cb024e353e5141957ebc',
  'steps poisson': '12410 d4eb5d0f2e767416817ecad189c97b7b08881202da80f2de7ebbb2e87d945de8',
  'steps even': '12437 833620ced3993156d04c6f47e0828e97dec2ed7bed877eb1d9f1f6a23dbf78b8',
  'sine poisson': '16455 f942b2899373ae81fbff16bbeae28f757e3d07d43948f6c8f568e70765991d42',
  'sine even': '16499 402bd59cd5dd49a1bcb8c81abd984db5a02458ce44c221d417e0c929ad422f2f',
  'randomwalk poisson': '21807 760217ee8518c39d2c404c55999fb3016147ff061018ed87c6677917e5b07cc2',
  'randomwalk even': '21714 726a8f78f1e662b4f1af42c595d009f035b33f51f045c2e1332852ad366eaed5',
  'spike poisson': '7047 739c83ae1c0bd21869e23b18a33888b0c6d84ac4c468d0113462f5b1eb470ebc',
  'spike even': '6949 bcc9791bfe1e42602edf1e1852b888ea2527b9a61c25d1cd6e54bfee9b03c7f1',
  'recorded poisson': '12410 d4eb5d0f2e767416817ecad189c97b7b08881202da80f2de7ebbb2e87d945de8',
  'recorded even': '12437 833620ced3993156d04c6f47e0828e97dec2ed7bed877eb1d9f1f6a23dbf78b8',
};

describe('the schedule of a profile', () => {
  for (const profile of profiles) {
    for (const process of ['poisson', 'even'] as const) {
      it(`is the same for the same seed, byte for byte: ${profile.name}, ${process}`, () => {
        const arrival = arrivalOf(profile.name, profile.example, profile.takesRates ? [50, 0, 150, 7.3] : [], process);
        const { requests, hash } = scheduleHash(createSchedule({ arrival, seed: 42, duration: 600 }));
        expect(`${requests} ${hash}`).toBe(hashes[`${profile.name} ${process}`]);
      });
    }
  }

  it('holds whole microseconds in order, below the duration', () => {
    for (const profile of profiles) {
      const rates = profile.takesRates ? [50, 0, 150, 7.3] : [];
      const all = times({ arrival: arrivalOf(profile.name, profile.example, rates), seed: 3, duration: 100 });
      expect(all.length).toBeGreaterThan(10);
      expect(all.every((time, i) => Number.isSafeInteger(time) && time >= (all[i - 1] ?? 0) && time < 1e8)).toBe(true);
    }
  });

  it('ends with its list of rates, without a duration', () => {
    expect(times({ arrival: arrivalOf('steps', { interval: 1 }, [10, 20], 'even'), seed: 1 })).toHaveLength(29);
  });

  it('ends after a number of requests, or when no rate is left', () => {
    const ramp = arrivalOf('ramp', { from_rps: 10, to_rps: 0, over: 2 }, [], 'even');
    expect(times({ arrival: { ...ramp, requests: 3 }, seed: 1 })).toHaveLength(3);
    expect(times({ arrival: { ...ramp, requests: 1000 }, seed: 1 })).toHaveLength(10);
  });

  it('keeps a year of a sine in constant memory', () => {
    const arrival = arrivalOf('sine', { max_rps: 0.02, period: 60 }, [], 'even');
    const all = times({ arrival, seed: 1, duration: 365 * 86_400 });
    expect(all).toHaveLength(315_359);
  });
});

describe('a profile is refused', () => {
  const refused: readonly [why: string, arrival: ProfileArrival, message: RegExp][] = [
    ['with an unknown name', arrivalOf('sinus' as ProfileName, {}), /^found "sinus"; allowed: constant, ramp, steps, sine,/],
    ['without what it needs', arrivalOf('sine', { max_rps: 5 }), /^sine: period: is missing$/],
    ['with a parameter of another', arrivalOf('sine', { max_rps: 5, period: 1, over: 2 }), /over: is unknown; allowed: max_rps,/],
    [
      'with a negative rate',
      arrivalOf('constant', { rps: -1 }),
      /rps: found -1; allowed: a number of requests per second from 0/,
    ],
    ['with a rate beyond the clock', arrivalOf('constant', { rps: 1e7 }), /rps: found 10000000; allowed/],
    ['with a rate that is no number', arrivalOf('constant', { rps: Number.NaN }), /rps: found NaN; allowed/],
    ['with a period of 0', arrivalOf('sine', { max_rps: 5, period: 0 }), /period: found 0; allowed: .* at least 0.01/],
    ['upside down', arrivalOf('sine', { max_rps: 5, min_rps: 6, period: 1 }), /min_rps: found 6; allowed: .* to max_rps = 5/],
    [
      'when the walk begins outside',
      arrivalOf('randomwalk', { max_rps: 5, start_rps: 6, sigma_rps: 1, interval: 1 }),
      /start_rps: found 6; allowed: a number from min_rps = 0 to max_rps = 5/,
    ],
    [
      'with a broken seed of the walk',
      arrivalOf('randomwalk', { max_rps: 5, sigma_rps: 1, interval: 1, seed: 0.5 }),
      /seed: found 0.5; allowed: a whole number/,
    ],
    ['without rates', arrivalOf('steps', { interval: 1 }), /steps: rates: found none/],
    ['with rates it does not take', arrivalOf('constant', { rps: 1 }, [1]), /rates: found some; allowed: none/],
    ['without any request', arrivalOf('spike', { peak_rps: 0, at: 1, length: 1 }), /spike: found no rate above 0/],
    ['with an unknown process', arrivalOf('constant', { rps: 1 }, [], 'odd' as ProcessName), /process: found "odd"; allowed/],
  ];
  for (const [why, arrival, message] of refused) it(why, () => expect(arrivalProblem(arrival, 10)).toMatch(message));

  it('without an end', () => {
    const walk = arrivalOf('randomwalk', { max_rps: 1e-9, sigma_rps: 1, interval: 1 });
    expect(arrivalProblem(arrivalOf('constant', { rps: 1 }))).toMatch(/neither requests nor duration/);
    expect(arrivalProblem({ ...walk, requests: 1 })).toMatch(/highest rate of 1e-9 without a duration/);
    expect(arrivalProblem({ ...walk, requests: 1 }, 10)).toBeUndefined();
  });

  it('never for its example', () => {
    for (const { name, example, takesRates } of profiles) {
      expect(arrivalProblem(arrivalOf(name, example, takesRates ? [1] : []), 10)).toBeUndefined();
    }
  });
});
