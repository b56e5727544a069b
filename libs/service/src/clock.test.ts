import { expect, test } from 'vitest';
import { createClock, type TimeSources } from './clock.ts';

/** Time that moves by `tick` ms with every reading of the monotonic clock; the wall clock counts whole milliseconds. */
function fakeTime() {
  const state = { elapsed: 0.4, epoch: 1_700_000_000_000, tick: 0.01 };
  const sources: TimeSources = {
    wall: () => Math.floor(state.epoch + state.elapsed),
    monotonic: () => {
      state.elapsed += state.tick;
      return state.elapsed;
    },
  };
  return { state, sources };
}

test('is anchored to a fraction of a millisecond although the system clock counts whole ones', () => {
  const { state, sources } = fakeTime();
  const clock = createClock(sources);
  expect(clock.now() * 1000 - (state.epoch + state.elapsed)).toBeCloseTo(0, 1);
});

test('a step of the system clock moves deviation() and not now(), until the clock is anchored again', () => {
  const { state, sources } = fakeTime();
  const clock = createClock(sources);
  const before = clock.now();
  state.epoch += 5000;
  expect(clock.now() - before).toBeLessThan(0.01);
  expect(clock.deviation()).toBeCloseTo(5, 2);
  clock.reanchor();
  expect(clock.deviation()).toBeCloseTo(0, 3);
  expect(clock.now() - before).toBeGreaterThan(4.9);
});

test('a wall clock that stands still does not hang it', () => {
  let monotonic = 0;
  const clock = createClock({ wall: () => 1000, monotonic: () => (monotonic += 0.1) });
  expect(clock.now()).toBeGreaterThan(0.9);
});
