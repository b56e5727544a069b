import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Arrival } from './arrival.ts';
import { distributions } from './distributions/registry.ts';
import { createSchedule, ScheduleError } from './schedule.ts';
import { clientSeed } from './seed.ts';

function times(options: Parameters<typeof createSchedule>[0], most = Number.POSITIVE_INFINITY): number[] {
  const schedule = createSchedule(options);
  const all: number[] = [];
  for (let time = schedule.next(); time !== undefined && all.length < most; time = schedule.next()) all.push(time);
  return all;
}

/** SHA-256 of the first 10,000 due times with seed 42 and the example parameters, one number per line. */
const hashes: Readonly<Record<string, string>> = {
  constant: 'fc0d2c6f38b1ddc9b5767f457349d0a70d2d8f0f3f5795e231240db74c17581b',
  uniform: '05b99353c45339e1a38a71587c91949bfdf8dc44a220c64456872e407adc852a',
  triangular: 'd41b3366e077a4f6cb63e0e284eeec9ab3b553d4f5eb00c0f09bb1fd623a7536',
  normalvariate: '6952d5d232ba3a2d3f6f401b02c82acaacea3fe471b5d519338f2c8e804481a3',
  gauss: '6952d5d232ba3a2d3f6f401b02c82acaacea3fe471b5d519338f2c8e804481a3',
  lognormvariate: '6e1265792fca678c478121f919d5870953dadd6abd683345befdcacffa4dbbc7',
  expovariate: '80a4ba953e621117f20a4848f9c1b942b0fc91e863a54cc020be723445ba54fe',
  vonmisesvariate: '2b6f7318bc67cb4e53624137671cf9c4ed731c886a96603f5bd8274d46e8a19b',
  gammavariate: '5139b0fb459fc421e7ce30133180c1d6af847b0d9bdbeef9eb03ecf520576f8a',
  betavariate: '8d074c0369397fb3462db578775e4ea6a8fb6c825a65ffb82b53668cc17467c4',
  paretovariate: '1e54267d475587fd9e474150930b4869d53dc5a3d8a929c3dcf7025aedd54c05',
  weibullvariate: 'c064f3688900eaeaaf173d59cc2e69c98dbe29afbac2a02c79ebc55c9019d120',
  ticks: '63d7024894fcfd49a852cae228634e82330dcb4740aa3cfca0a20d11a6fbcc31',
};

describe('createSchedule', () => {
  const processes: readonly [string, Arrival][] = [
    ...distributions.map(({ name, example }): [string, Arrival] => [name, { kind: 'distribution', name, parameters: example }]),
    ['ticks', { kind: 'ticks', rates: [50, 0, 150, 7.3], interval: 60 }],
  ];
  for (const [name, arrival] of processes) {
    it(`gives the same times of ${name} for the same seed, byte for byte`, () => {
      const all = times({ arrival: { ...arrival, requests: 10_000 }, seed: 42 });
      const text = all.map(time => `${time}\n`).join('');
      expect(createHash('sha256').update(text).digest('hex')).toBe(hashes[name]);
      expect(all.every((time, i) => Number.isSafeInteger(time) && time >= (all[i - 1] ?? 0))).toBe(true);
    });
  }

  const expovariate: Arrival = { kind: 'distribution', name: 'expovariate', parameters: [1000] };

  it('gives other times for another seed', () => {
    expect(times({ arrival: expovariate, seed: 1, duration: 1 })).not.toEqual(
      times({ arrival: expovariate, seed: 2, duration: 1 }),
    );
  });

  it('sends the first request after one gap', () => {
    expect(times({ arrival: { kind: 'distribution', name: 'constant', parameters: [0.5], requests: 3 }, seed: 1 })).toEqual([
      500_000, 1_000_000, 1_500_000,
    ]);
  });

  it('holds only times below the duration', () => {
    expect(times({ arrival: { kind: 'distribution', name: 'constant', parameters: [0.5] }, seed: 1, duration: 1.5 })).toEqual([
      500_000, 1_000_000,
    ]);
    expect(times({ arrival: { kind: 'distribution', name: 'constant', parameters: [9] }, seed: 1, duration: 1.5 })).toEqual([]);
  });

  it('ends at whichever comes first, requests or duration', () => {
    const arrival: Arrival = { ...expovariate, requests: 10 };
    expect(times({ arrival, seed: 1, duration: 10 })).toHaveLength(10);
    expect(times({ arrival, seed: 1, duration: 0.005 }).length).toBeLessThan(10);
  });

  it('rounds sums, not gaps: a third of a second does not drift', () => {
    const all = times({ arrival: { kind: 'distribution', name: 'constant', parameters: [1 / 3], requests: 30_000 }, seed: 1 });
    expect(all.at(-1)).toBe(10_000_000_000);
  });

  it('counts negative gaps as 0', () => {
    const all = times({ arrival: { kind: 'distribution', name: 'gauss', parameters: [0, 1], requests: 1000 }, seed: 3 });
    const gaps = all.map((time, i) => time - (all[i - 1] ?? 0));
    expect(Math.min(...gaps)).toBe(0);
    expect(gaps.filter(gap => gap === 0).length).toBeGreaterThan(400);
  });

  it('allows gaps of 0 for a number of requests', () => {
    expect(times({ arrival: { kind: 'distribution', name: 'constant', parameters: [0], requests: 3 }, seed: 1 })).toEqual([
      0, 0, 0,
    ]);
  });

  it('stays at its end', () => {
    const schedule = createSchedule({ arrival: { ...expovariate, requests: 1 }, seed: 1 });
    expect(schedule.next()).toBeTypeOf('number');
    expect([schedule.next(), schedule.next()]).toEqual([undefined, undefined]);
  });

  it('ends before times that a double does not hold to the microsecond', () => {
    const arrival: Arrival = { kind: 'distribution', name: 'lognormvariate', parameters: [800, 1], requests: 5 };
    expect(times({ arrival, seed: 1 })).toEqual([]);
  });

  const distribution = (name: string, parameters: number[], requests?: number) =>
    ({ kind: 'distribution', name, parameters, ...(requests === undefined ? {} : { requests }) }) as Arrival;
  const refused: readonly [sentence: string, arrival: Arrival, duration: number | undefined, message: RegExp][] = [
    ['no end', expovariate, undefined, /neither requests nor duration/],
    ['an endless run of gaps of 0', distribution('constant', [0]), 10, /constant\(0\) gives gaps below a microsecond, .* no end/],
    ['gaps that are never positive', distribution('uniform', [-2, -1]), 10, /no end/],
    ['gaps that are as good as never positive', distribution('gauss', [-10, 1]), 10, /no end/],
    ['gaps too small for a microsecond', distribution('expovariate', [1e9]), 10, /no end/],
    ['an unknown distribution', distribution('poisson', [1], 1), undefined, /found "poisson"; allowed: constant/],
    ['a broken number of requests', distribution('constant', [1], 1.5), 10, /requests: found 1.5/],
    ['no requests at all', distribution('constant', [1], 0), 10, /requests: found 0/],
    ['a negative duration', expovariate, -1, /duration: found -1/],
    ['no step', { kind: 'ticks', rates: [], interval: 1 }, undefined, /rates: found none/],
    ['a negative rate', { kind: 'ticks', rates: [1, -1], interval: 1 }, undefined, /rates\[1\]: found -1/],
    ['a rate beyond the clock', { kind: 'ticks', rates: [1e7], interval: 1 }, undefined, /rates\[0\]: found 10000000/],
    ['steps without length', { kind: 'ticks', rates: [1], interval: 0 }, undefined, /interval: found 0/],
  ];
  for (const [sentence, arrival, duration, message] of refused) {
    it(`refuses ${sentence}`, () => {
      const options = { arrival, seed: 1, ...(duration === undefined ? {} : { duration }) };
      expect(() => createSchedule(options)).toThrow(ScheduleError);
      expect(() => createSchedule(options)).toThrow(message);
    });
  }

  it('refuses a seed that is not a whole number', () => {
    expect(() => createSchedule({ arrival: expovariate, seed: 0.5, duration: 1 })).toThrow(/seed: found 0.5/);
    expect(() => createSchedule({ arrival: expovariate, seed: 2 ** 60, duration: 1 })).toThrow(/seed: found/);
  });
});

describe('clientSeed', () => {
  it('is fixed for good', () => {
    expect([0, 1, 2].map(index => clientSeed(42, index))).toEqual([3092098744885774, 8560785262482024, 4022505963573781]);
  });

  it('differs between neighbours in half of its bits, and never repeats', () => {
    const seeds = Array.from({ length: 100 }, (_, seed) =>
      Array.from({ length: 100 }, (_, index) => clientSeed(seed, index)),
    ).flat();
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(seeds.every(seed => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
    const ones = (value: bigint) => value.toString(2).replaceAll('0', '').length;
    const flipped = seeds.slice(1).map((seed, i) => ones(BigInt(seed) ^ BigInt(seeds[i]!)));
    expect(flipped.reduce((sum, bits) => sum + bits, 0) / flipped.length / 53).toBeCloseTo(0.5, 2);
  });
});
