import { describe, expect, it } from 'vitest';
import { file, parsed, problems } from '../test/least-file.ts';

const arrivalOf = (arrival: string, readRecording?: (name: string) => readonly number[]) =>
  parsed(file({ arrival }), readRecording === undefined ? {} : { readRecording }).workloads[0]!.arrival;

describe('the arrival of an experiment file', () => {
  it('may be a profile, with units and defaults', () => {
    expect(arrivalOf('{ profile: sine, max_rps: 50, period: 30s, process: poisson }')).toEqual({
      kind: 'profile',
      name: 'sine',
      parameters: { max_rps: 50, min_rps: 0, period: 30, phase: 0 },
      rates: [],
      process: 'poisson',
    });
    expect(arrivalOf('{ profile: ramp, to_rps: 50, over: 1m30s, process: even, requests: 9 }')).toMatchObject({
      parameters: { from_rps: 0, to_rps: 50, over: 90 },
      process: 'even',
      requests: 9,
    });
    expect(arrivalOf('{ profile: steps, rates: [1, 0, 2.5], interval: 500ms }')).toMatchObject({
      name: 'steps',
      parameters: { interval: 0.5 },
      rates: [1, 0, 2.5],
      process: 'poisson',
    });
    expect(arrivalOf('{ profile: randomwalk, max_rps: 9, sigma_rps: 1, interval: 2, seed: 3 }')).toMatchObject({
      parameters: { max_rps: 9, min_rps: 0, sigma_rps: 1, interval: 2, seed: 3 },
    });
    expect(arrivalOf('{ profile: spike, peak_rps: 9, at: 5s, length: 1s }')).toMatchObject({ name: 'spike' });
    expect(arrivalOf('{ profile: constant, rps: 9 }')).toMatchObject({ name: 'constant', parameters: { rps: 9 } });
  });

  it('may be recorded, in a file of its own', () => {
    const asked: string[] = [];
    const read = (name: string) => {
      asked.push(name);
      return [0.5, 0, 1];
    };
    expect(arrivalOf('{ recorded: gaps/a.pkl, requests: 2 }', read)).toEqual({
      kind: 'recorded',
      gaps: [0.5, 0, 1],
      requests: 2,
    });
    expect(arrivalOf('{ profile: recorded, rates: b.csv, interval: 1s, process: even }', read)).toEqual({
      kind: 'profile',
      name: 'recorded',
      parameters: { interval: 1 },
      rates: [0.5, 0, 1],
      process: 'even',
    });
    expect(asked).toEqual(['gaps/a.pkl', 'b.csv']);
  });

  const fails = () => {
    throw new Error('line 3: found "x"; allowed: a finite number');
  };
  const names = 'constant, ramp, steps, sine, randomwalk, spike, recorded';
  const table: readonly [
    why: string,
    arrival: string,
    read: ((name: string) => readonly number[]) | undefined,
    wanted: string[],
  ][] = [
    [
      'an unknown profile',
      '{ profile: sinee }',
      undefined,
      [`arrival.profile: found "sinee"; did you mean "sine"? allowed: ${names}`],
    ],
    [
      'a profile without its period',
      '{ profile: sine, max_rps: 5 }',
      undefined,
      ['arrival.period: is missing; allowed: a duration'],
    ],
    [
      'a key of another profile',
      '{ profile: sine, max_rps: 5, period: 1s, peak_rps: 2 }',
      undefined,
      ['arrival.peak_rps: found an unknown key; allowed: profile, max_rps, min_rps, period, phase, process, requests'],
    ],
    [
      'a misspelt key',
      '{ profile: sine, max_rsp: 5, period: 1s }',
      undefined,
      ['arrival.max_rps: is missing', 'arrival.max_rsp: found an unknown key; did you mean "max_rps"?'],
    ],
    [
      'a negative rate',
      '{ profile: constant, rps: -2 }',
      undefined,
      ['arrival.rps: found -2; allowed: a number of requests per second from 0 to 1000000'],
    ],
    [
      'a sine upside down',
      '{ profile: sine, max_rps: 5, min_rps: 6, period: 1s }',
      undefined,
      ['arrival.min_rps: found 6; allowed: a number from 0 to max_rps = 5'],
    ],
    [
      'a rate that is never above 0',
      '{ profile: steps, rates: [0, 0], interval: 1s }',
      undefined,
      ['arrival.profile: found no rate above 0; allowed: at least one'],
    ],
    [
      'a period without a unit that exists',
      '{ profile: sine, max_rps: 5, period: 3d }',
      undefined,
      ['arrival.period: found "3d"; allowed: a duration'],
    ],
    [
      'an unknown process',
      '{ profile: constant, rps: 1, process: poison }',
      undefined,
      ['arrival.process: found "poison"; did you mean "poisson"? allowed: poisson, even'],
    ],
    [
      'two forms at once',
      '{ profile: constant, rps: 1, ticks: [1] }',
      undefined,
      ['arrival.ticks: found an unknown key; allowed: profile, rps, process, requests'],
    ],
    [
      'a file of another kind',
      '{ recorded: a.txt }',
      () => [1],
      ['arrival.recorded: found "a.txt"; allowed: the name of a file that ends in .pkl, .csv, .json or .ndjson'],
    ],
    ['a bad file', '{ recorded: a.csv }', fails, ['arrival.recorded: "a.csv": line 3: found "x"; allowed: a finite number']],
    [
      'a file that was not handed in',
      '{ recorded: a.csv }',
      undefined,
      ['arrival.recorded: "a.csv": its numbers are not there;'],
    ],
    [
      'a file of rates with a negative one',
      '{ profile: recorded, rates: a.csv, interval: 1s }',
      () => [1, -1],
      ['arrival.rates: "a.csv": rates[1]: found -1; allowed: a number from 0 to 1000000'],
    ],
    [
      'a list where a file is wanted',
      '{ recorded: [1, 2] }',
      undefined,
      ['arrival.recorded: found a list; allowed: the name of a file'],
    ],
  ];
  for (const [why, arrival, readRecording, wanted] of table) {
    it(`is refused for ${why}, with line and field`, () => {
      const found = problems(file({ arrival }), readRecording === undefined ? {} : { readRecording });
      expect(found).toHaveLength(wanted.length);
      for (const [i, sentence] of wanted.entries()) {
        expect(found[i]).toMatch(/^pi\.yaml:11:\d+: workloads\[0\]\./);
        expect(found[i]).toContain(sentence);
      }
    });
  }
});
