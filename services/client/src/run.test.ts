import { createSchedule } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { createRun } from './run.ts';

const run = (requests: number, gap = 0.5) =>
  createRun(createSchedule({ arrival: { kind: 'distribution', name: 'constant', parameters: [gap], requests }, seed: 1 }), 1000);

describe('a run', () => {
  it('gives the due times from T0 on, one after the other', () => {
    const { next, take } = run(3);
    const dues: (number | undefined)[] = [];
    for (let i = 0; i < 4; i += 1) {
      dues.push(next(), next());
      take();
    }
    expect(dues).toEqual([1000.5, 1000.5, 1001, 1001, 1001.5, 1001.5, undefined, undefined]);
  });

  it('counts what was due until an instant, taken or not', () => {
    const { next, take, intended } = run(100);
    expect(intended(1000.4)).toBe(0);
    expect(intended(1000.5)).toBe(1);
    expect(intended(1010)).toBe(20);
    expect(next()).toBe(1000.5);
    take();
    take();
    expect(next()).toBe(1001.5);
    expect(intended(1010)).toBe(20);
    expect(intended(1e6)).toBe(100);
    for (let i = 0; i < 98; i += 1) take();
    expect(next()).toBeUndefined();
    expect(intended(1e6)).toBe(100);
  });

  it('counts what was taken as due, also where gaps are 0', () => {
    const { take, intended } = run(5, 0);
    take();
    expect(intended(1000)).toBe(5);
  });

  it('may have nothing to do', () => {
    const schedule = createSchedule({ arrival: { kind: 'ticks', rates: [0], interval: 1 }, seed: 1 });
    const { next, take, intended } = createRun(schedule, 1000);
    take();
    expect([next(), intended(2000)]).toEqual([undefined, 0]);
  });
});
