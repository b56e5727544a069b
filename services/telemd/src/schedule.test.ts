import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dueTick, startSchedule } from './schedule.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const rows: [sentence: string, now: number, period: number, last: number, due: number | undefined][] = [
  ['nothing before the next multiple', 10.4, 0.5, 20, undefined],
  ['the next multiple', 10.5, 0.5, 20, 21],
  ['the next multiple, although the timer was a bit early', 10.4995, 0.5, 20, 21],
  ['not the same again, a bit later', 10.501, 0.5, 21, undefined],
  ['the newest of those that went by', 12.2, 0.5, 20, 24],
];
test.each(rows)('due is %s', (_, now, period, last, due) => expect(dueTick(now, period, last)).toBe(due));

/** A schedule on fake timers, whose time is the fake one. */
function start(origin: number) {
  const begin = Date.now();
  const ticks: [task: string, at: number][] = [];
  let work = (_: string) => {};
  const elapsed = () => (Date.now() - begin) / 1000;
  const schedule = startSchedule(
    origin,
    task => {
      ticks.push([task, Math.round((origin + elapsed()) * 1000) / 1000]);
      work(task);
    },
    elapsed,
  );
  const onTick = (does: (task: string) => void) => {
    work = does;
  };
  return { schedule, ticks, onTick };
}

test('ticks are multiples of the period, whatever the start, so that nodes agree', () => {
  const { schedule, ticks } = start(1000.3);
  schedule.set('a', 0.5);
  schedule.set('b', 2);
  vi.advanceTimersByTime(2000);
  expect(ticks).toEqual([
    ['a', 1000.5],
    ['a', 1001],
    ['a', 1001.5],
    ['a', 1002],
    ['b', 1002],
  ]);
  schedule[Symbol.dispose]();
});

test('late ticks do not shift those that follow, and what went by is counted', () => {
  const { schedule, ticks, onTick } = start(1000);
  schedule.set('a', 1);
  onTick(() => vi.setSystemTime(Date.now() + (ticks.length === 1 ? 2300 : 10)));
  vi.advanceTimersByTime(4000);
  expect(ticks.map(([, at]) => at)).toEqual([1001, 1003.31, 1004.01, 1005.01, 1006.01].map(at => expect.closeTo(at, 1)));
  expect(schedule.skipped('a')).toBe(1);
  schedule[Symbol.dispose]();
});

test('a new period counts from now on; a task that is taken out rests', () => {
  const { schedule, ticks } = start(1000);
  schedule.set('a', 10);
  schedule.set('a', 1);
  vi.advanceTimersByTime(1000);
  schedule.delete('a');
  vi.advanceTimersByTime(5000);
  expect(ticks).toEqual([['a', 1001]]);
  expect(vi.getTimerCount()).toBe(0);
});
