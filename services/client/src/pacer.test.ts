import { describe, expect, it } from 'vitest';
import { virtualTime } from '../test/virtual-time.ts';
import { createPacer, type Pacing } from './pacer.ts';

interface Release {
  due: number;
  now: number;
  turn: number;
}

/** Runs a pacer over due times, relative to the start; each release takes `cost` seconds. */
function pace(dues: readonly number[], cost = 0, pacing: Pacing = 'balanced') {
  const loop = virtualTime();
  const start = loop.time.now();
  const releases: Release[] = [];
  const left = dues.map(due => start + due);
  const pacer = createPacer(
    {
      nextDue: () => left[0],
      release(now) {
        releases.push({ due: left.shift()!, now, turn: loop.counts.turns });
        loop.pass(cost);
      },
    },
    loop.time,
    pacing,
  );
  pacer.wake();
  return { ...loop, pacer, left, start, releases };
}

describe('a pacer', () => {
  it('hands everything over in order, never early, and late by less than a nap where timers are late by a millisecond', () => {
    const dues = Array.from({ length: 2000 }, (_, i) => i * 0.001 + (i % 7) * 0.0001);
    const { run, releases, left } = pace(dues);
    run();
    expect(left).toEqual([]);
    const late = releases.map(({ due, now }) => now - due);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(100e-6);
  });

  it('sleeps on a timer while the next request is far away', () => {
    const { run, releases, counts } = pace([10, 20]);
    run();
    expect(releases.map(({ due, now }) => now - due < 0.001)).toEqual([true, true]);
    expect(counts.turns).toBeLessThan(200);
  });

  it('naps for 50 us at most', () => {
    const { run, counts } = pace([0.002, 0.004]);
    run();
    expect(counts.naps).toBeGreaterThan(5);
    expect(counts.longestNap).toBeLessThanOrEqual(50e-6);
  });

  it('that is precise never naps, and sets no timer for what is near', () => {
    const { run, releases, counts } = pace([0.01, 0.02, 0.5], 0, 'precise');
    run();
    expect(releases.map(({ due, now }) => now - due < 20e-6)).toEqual([true, true, true]);
    expect(counts.naps).toBe(0);
    expect(counts.turns).toBeGreaterThan(500);
  });

  it('that is eco uses timers alone: never early, late by a timer, and what is due then goes at once', () => {
    const { run, releases, counts, left } = pace(
      Array.from({ length: 500 }, (_, i) => i * 0.0007),
      0,
      'eco',
    );
    run();
    expect(left).toEqual([]);
    const late = releases.map(({ due, now }) => now - due);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(0.004);
    expect(counts.naps).toBe(0);
    expect(counts.turns).toBeLessThan(10);
  });

  it('catches up what is late, skips nothing, and lets the sockets have a turn after every 64 requests', () => {
    const { run, pass, releases } = pace(Array.from({ length: 1000 }, (_, i) => i * 0.001));
    pass(5);
    run();
    expect(releases).toHaveLength(1000);
    const perTurn = Map.groupBy(releases, release => release.turn);
    expect(Math.max(...Array.from(perTurn.values(), group => group.length))).toBe(64);
  });

  it('goes on handing over when it can not keep up', () => {
    const { run, releases } = pace(
      Array.from({ length: 500 }, (_, i) => i * 0.0001),
      0.001,
    );
    run();
    expect(releases.map(({ due }) => due)).toEqual(releases.map(({ due }) => due).toSorted((a, b) => a - b));
    expect(releases).toHaveLength(500);
  });

  it('hands nothing over once it is stopped', () => {
    const { run, pacer, releases } = pace([0.1]);
    pacer.stop();
    pacer.wake();
    run();
    expect(releases).toEqual([]);
  });

  it('notices on waking what has come in before the request that it waits for', () => {
    const { run, pacer, left, start, releases } = pace([60]);
    left.unshift(start + 0.5);
    pacer.wake();
    run();
    expect(releases.map(({ due }) => due - start)).toEqual([0.5, 60]);
    expect(releases[0]!.now - releases[0]!.due).toBeLessThan(100e-6);
  });

  it('plans nothing while there is nothing to do', () => {
    const { run, counts } = pace([]);
    run();
    expect(counts).toMatchObject({ timers: 0, naps: 0, turns: 1 });
  });
});
