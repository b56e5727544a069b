import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { times } from '../test/draw.ts';
import { createSchedule } from './schedule.ts';
import { scheduleHash } from './schedule-hash.ts';

describe('a recorded list of gaps', () => {
  const play = (gaps: readonly number[], options: { requests?: number; duration?: number } = {}) => {
    const { requests, ...rest } = options;
    return times({ arrival: { kind: 'recorded', gaps, ...(requests === undefined ? {} : { requests }) }, seed: 0, ...rest });
  };

  it('is played once, in its order, the first request after one gap', () => {
    expect(play([0.5, 0.25, 1])).toEqual([500_000, 750_000, 1_750_000]);
  });
  it('takes zero and negative gaps as at once', () => {
    expect(play([0, 0.5, 0, -3, 0.5])).toEqual([0, 500_000, 500_000, 500_000, 1_000_000]);
  });
  it('ends at whichever comes first: list, requests or duration', () => {
    expect(play([1, 1, 1], { requests: 2 })).toHaveLength(2);
    expect(play([1, 1, 1], { requests: 9 })).toHaveLength(3);
    expect(play([1, 1, 1], { duration: 2 })).toHaveLength(1);
    expect(play([])).toEqual([]);
  });
  it('does not drift: a million gaps of a third of a second', () => {
    expect(play(new Array<number>(1_000_000).fill(1 / 3)).at(-1)).toBe(333_333_333_333);
  });
  it('is refused if a gap is no finite number', () => {
    expect(() => play([1, Number.NaN])).toThrow(/gaps\[1\]: found NaN; allowed: a finite number/);
    expect(() => play([Number.POSITIVE_INFINITY])).toThrow(/gaps\[0\]: found Infinity/);
  });
});

describe('scheduleHash', () => {
  it('is SHA-256 over 64-bit little-endian microseconds', () => {
    // 2^32 microseconds are 71 minutes: the upper half counts too.
    const gaps = [0.000001, 5000, ...new Array<number>(3000).fill(0.25)];
    const schedule = () => createSchedule({ arrival: { kind: 'recorded', gaps }, seed: 0 });
    const bytes = Buffer.alloc(8 * gaps.length);
    for (const [i, time] of times({ arrival: { kind: 'recorded', gaps }, seed: 0 }).entries())
      bytes.writeBigUInt64LE(BigInt(time), 8 * i);
    expect(scheduleHash(schedule())).toEqual({ requests: 3002, hash: createHash('sha256').update(bytes).digest('hex') });
  });
  it('is that of nothing for an empty schedule', () => {
    const schedule = createSchedule({ arrival: { kind: 'recorded', gaps: [] }, seed: 0 });
    expect(scheduleHash(schedule)).toEqual({ requests: 0, hash: createHash('sha256').digest('hex') });
  });
});
