import { describe, expect, it } from 'vitest';
import { createCounterRate } from './counter-rate.ts';

describe('the rate of a counter', () => {
  const table: [why: string, readings: [number, number][], rate: number | undefined][] = [
    ['is unknown without readings', [], undefined],
    ['is unknown from one reading', [[1, 5]], undefined],
    [
      'is last minus first over the time between',
      [
        [1, 5],
        [2, 6],
        [11, 25],
      ],
      2,
    ],
    [
      'is 0 for a counter that stands',
      [
        [1, 5],
        [2, 5],
      ],
      0,
    ],
    [
      'leaves out the stretch in which the counter fell',
      [
        [0, 0],
        [10, 20],
        [11, 3],
        [21, 13],
      ],
      1.5,
    ],
    [
      'is unknown if it only fell',
      [
        [0, 9],
        [1, 3],
      ],
      undefined,
    ],
    [
      'leaves out a reading twice',
      [
        [0, 0],
        [1, 1],
        [1, 1],
        [2, 2],
      ],
      1,
    ],
    [
      'leaves out a late reading',
      [
        [0, 0],
        [2, 2],
        [1, 1],
        [4, 4],
      ],
      1,
    ],
  ];
  it.each(table)('%s', (_, readings, rate) => {
    const counter = createCounterRate();
    for (const [timestamp, value] of readings) counter.add(timestamp, value);
    expect(counter.rate()).toBe(rate);
  });
});
