import { pyFloat, setWorkloadCommand } from '@galileo/wire';
import { createSchedule, distributions, type ScheduleOptions } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { busWorkload } from './bus-workload.ts';

const workload = (fields: readonly unknown[]) => {
  const command = setWorkloadCommand.decode(JSON.stringify(['w:s:0', ...fields]));
  if (!command.ok) throw new Error(command.reason);
  return busWorkload(command.value, 1);
};
function times(options: ScheduleOptions, most = 100): number[] {
  const schedule = createSchedule(options);
  const found: number[] = [];
  for (let time = schedule.next(); time !== undefined && found.length < most; time = schedule.next()) found.push(time);
  return found;
}
const schedule = (fields: readonly unknown[]) => {
  const found = workload(fields);
  if (found.kind !== 'schedule') throw new Error(JSON.stringify(found));
  return times(found.schedule);
};

describe('a workload command', () => {
  it('takes all distributions with the names and order of Python', () => {
    expect(distributions).toHaveLength(12);
    for (const { name, example } of distributions) expect(schedule([7, name, example])).toHaveLength(7);
    expect(schedule([2, 'triangular', []])).toHaveLength(2);
  });

  it('of null distribution is constant', () => {
    expect(schedule([3, null, [0.5]])).toEqual([500_000, 1_000_000, 1_500_000]);
  });

  it('without num goes on', () => {
    expect(schedule([null, 'constant', [0.2]])).toHaveLength(100);
  });

  it('with gaps of 0 and below means at once', () => {
    expect(schedule([3, 'constant', [0]])).toEqual([0, 0, 0]);
    expect(schedule([3, 'constant', [-1]])).toEqual([0, 0, 0]);
    expect(schedule([3, 'uniform', [-2, -1]])).toEqual([0, 0, 0]);
    expect(schedule([3, 'gauss', [-5, 0.1]])).toEqual([0, 0, 0]);
  });

  it.each([[null], [[]]])('with num alone (parameters %j) is a closed loop of the concurrency of the original', parameters => {
    expect(workload([3, 'constant', parameters])).toEqual({ kind: 'loop', loop: { concurrency: 50, requests: 3 } });
  });

  it('of recorded gaps plays as many as are asked for', () => {
    expect(workload([null, 'prerecorded', ['ran']])).toEqual({ kind: 'recorded', most: Number.POSITIVE_INFINITY });
    expect(workload([5, 'prerecorded', []])).toEqual({ kind: 'recorded', most: 5 });
  });

  it.each([[0], [-3]])('of %d requests is nothing', num => {
    expect(workload([num, 'constant', [0.1]])).toEqual({ kind: 'nothing' });
  });

  it.each<[string, readonly unknown[], RegExp]>([
    ['an unknown distribution', [2, 'foo', [1]], /found "foo"; allowed: constant, /],
    ['too many parameters', [2, 'constant', [1, 2]], /takes 1 parameter; found 2/],
    ['too few parameters', [2, 'uniform', [1]], /takes 2 parameters; found 1/],
    ['no parameters', [2, 'expovariate', null], /takes 1 parameter; found 0/],
    ['a parameter out of range', [2, 'expovariate', [0]], /lambda: found 0/],
    ['a parameter that is text', [2, 'constant', ['0.1']], /parameters\[0\] is no number/],
    ['neither num nor parameters', [null, 'constant', null], /neither num nor parameters/],
    ['no num and no gaps', [null, 'constant', [0]], /no end/],
  ])('is refused with a reason: %s', (_, fields, reason) => {
    expect(workload(fields)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
  });

  it('reads floats of Python', () => {
    const command = { clientId: 'w:s:0', num: 1, distribution: 'constant', parameters: [pyFloat(2)] };
    const found = busWorkload(command, 1);
    expect(found.kind === 'schedule' && times(found.schedule)).toEqual([2_000_000]);
  });
});
