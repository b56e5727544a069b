import { createHistogram } from '@galileo/analysis';
import type { WatchStatisticsResponse } from '@galileo/proto/client';
import { expect, test } from 'vitest';
import type { LoadFigures } from '../load-figures.ts';
import { createLoadMeter } from './load-meter.ts';

function message(at: number, intended: number, completed: number, latencies: number[], idle = false): WatchStatisticsResponse {
  const histogram = createHistogram();
  for (const latency of latencies) histogram.record(latency);
  return {
    at,
    intended,
    released: intended,
    completed,
    failed: 1,
    inFlight: intended - completed,
    latency: Buffer.from(histogram.encode()),
    releaseError: Buffer.alloc(0),
    queueing: Buffer.from(histogram.encode()),
    idle,
    faults: [],
  };
}

test('the figures of all workers are added up, once each has said something new', () => {
  const told: LoadFigures[] = [];
  const meter = createLoadMeter(2, false, figures => told.push(figures));
  meter.take(0, message(10, 5, 4, [0.1]));
  expect(told).toHaveLength(0);
  meter.take(1, message(10, 7, 7, [0.3]));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ intended: 12, released: 12, completed: 11, failed: 2, inFlight: 1, intendedRate: 0 });
  expect(told[0]!.latencyP99).toBeCloseTo(0.3, 2);
  expect(told[0]!.queueingP99).toBeCloseTo(0.3, 2);
  expect(told[0]).toMatchObject({ releaseErrorP99: 0, closedLoop: false });
  meter.take(0, message(12, 25, 24, [0.5]));
  meter.take(1, message(12, 17, 17, [0.5]));
  expect(told[1]).toMatchObject({ intended: 42, intendedRate: 15, achievedRate: 15 });
  expect(told[1]!.latencyP50).toBeCloseTo(0.5, 2);
  expect(meter.totals().intended).toBe(42);
});

test('a worker that is done is not waited for', () => {
  const told: LoadFigures[] = [];
  const meter = createLoadMeter(2, true, figures => told.push(figures));
  meter.take(0, message(10, 5, 5, [], true));
  meter.take(1, message(10, 5, 5, []));
  meter.take(1, message(11, 9, 9, []));
  expect(told.map(figures => figures.intended)).toEqual([10, 14]);
  expect(told[1]).toMatchObject({ latencyP50: 0, closedLoop: true });
});
