import { describe, expect, test } from 'vitest';
import { type ClockStep, createClock, type TimeSources } from './clock.ts';

/** Time that moves by `tick` ms with every reading of the monotonic clock; the wall clock counts whole milliseconds. */
function fakeTime() {
  const state = { elapsed: 0.4, epoch: 1_700_000_000_000, tick: 0.01, slept: 0 };
  const sources: TimeSources = {
    wall: () => Math.floor(state.epoch + state.elapsed),
    monotonic: () => {
      state.elapsed += state.tick;
      return state.elapsed - state.slept;
    },
  };
  return { state, sources };
}

/** A clock on such time, with the steps that it has told of. */
function fakeClock() {
  const { state, sources } = fakeTime();
  const steps: ClockStep[] = [];
  const clock = createClock(sources, step => steps.push(step));
  /** Seconds by which the system clock is ahead of `now()`. */
  const behind = () => (state.epoch + state.elapsed) / 1000 - clock.now();
  return { state, clock, steps, behind };
}

test('is anchored to a fraction of a millisecond although the system clock counts whole ones', () => {
  const { behind } = fakeClock();
  expect(behind()).toBeCloseTo(0, 4);
});

test('is anchored as well where its process is interrupted while it reads', () => {
  const { state, sources } = fakeTime();
  let readings = 0;
  const interrupted: TimeSources = {
    ...sources,
    monotonic: () => {
      // The tick of the system clock that it waits for first passes in here.
      if (++readings === 30) state.elapsed += 1.3;
      return sources.monotonic();
    },
  };
  const clock = createClock(interrupted);
  expect(clock.now() - (state.epoch + state.elapsed) / 1000).toBeCloseTo(0, 4);
});

test('a wall clock that stands still does not hang it', () => {
  let monotonic = 0;
  const clock = createClock({ wall: () => 1000, monotonic: () => (monotonic += 0.1) });
  expect(clock.now()).toBeGreaterThan(0.9);
});

describe('a step of the system clock', () => {
  test('is noticed by the next check, and followed while nobody keeps the anchor: a Pi learns the time after it has started', () => {
    const { state, clock, steps, behind } = fakeClock();
    state.epoch += 86_400_000;
    expect(behind()).toBeCloseTo(86_400, 3);
    clock.check();
    expect(behind()).toBeCloseTo(0, 3);
    expect(steps).toEqual([{ by: expect.closeTo(86_400, 2), followed: true }]);
    expect(clock.segment).toBe(1);
    clock.check();
    expect(clock.segment).toBe(1);
  });

  test('is told once and not followed while the anchor is kept, but afterwards', () => {
    const { state, clock, steps, behind } = fakeClock();
    let recording = true;
    using _ = clock.keepAnchorWhile(() => recording);
    state.epoch -= 5000;
    clock.check();
    clock.check();
    expect(behind()).toBeCloseTo(-5, 3);
    expect(steps).toEqual([{ by: expect.closeTo(-5, 2), followed: false }]);
    expect(clock.segment).toBe(1);
    state.epoch += 3000;
    clock.check();
    expect(steps.at(-1)).toEqual({ by: expect.closeTo(3, 2), followed: false });
    recording = false;
    clock.check();
    expect(behind()).toBeCloseTo(0, 3);
    expect(steps.at(-1)).toEqual({ by: expect.closeTo(-2, 2), followed: true });
    expect(clock.segment).toBe(3);
  });

  test('is what a sleep of the machine looks like, in which the monotonic clock stood still', () => {
    const { state, clock, steps } = fakeClock();
    state.elapsed += 60_000;
    state.slept = 60_000;
    clock.check();
    expect(steps).toEqual([{ by: expect.closeTo(60, 2), followed: true }]);
    expect(clock.segment).toBe(1);
  });

  test('is no step while it is shorter than 10 ms, nor what a process sees that hardly gets to run', () => {
    const { state, clock, steps } = fakeClock();
    for (const ms of [4, -8, 8]) {
      state.epoch += ms;
      clock.check();
    }
    state.epoch += 5000;
    state.tick = 20;
    clock.check();
    expect(steps).toEqual([]);
    state.tick = 0.01;
    clock.check();
    expect(steps).toHaveLength(1);
  });

  test('is followed when the last of several has let go of the anchor', () => {
    const { state, clock, steps } = fakeClock();
    const keep = () => true;
    const keepers = [clock.keepAnchorWhile(keep), clock.keepAnchorWhile(keep)];
    state.epoch += 1000;
    for (const keeper of keepers) {
      clock.check();
      expect(steps.some(step => step.followed)).toBe(false);
      keeper[Symbol.dispose]();
    }
    clock.check();
    expect(steps.at(-1)).toMatchObject({ followed: true });
  });
});
