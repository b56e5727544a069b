import { ExperimentStatus, WatchExperimentResponse } from '@galileo/proto/orchestrator';
import { expect, test } from 'vitest';
import { progressLine } from './progress-line.ts';

const load = {
  intended: 620,
  completed: 612,
  failed: 3,
  inFlight: 5,
  intendedRate: 100,
  achievedRate: 98.66,
  latencyP50: 0.01234,
  latencyP99: 0.0417,
  queueingP99: 0.0013,
};
const { QUEUED, PREPARING, RUNNING, FINALIZING } = ExperimentStatus;

test.each<[string, Parameters<typeof WatchExperimentResponse.fromPartial>[0], number, string]>([
  ['waiting', { experiment: { status: QUEUED }, queuePosition: 2 }, 80, 'queued  2 experiments before this one'],
  [
    'preparing',
    { experiment: { status: PREPARING }, phase: 'starting replica pi-1 of 2' },
    80,
    'preparing  starting replica pi-1 of 2',
  ],
  [
    'generating load',
    { experiment: { status: RUNNING }, phase: 'load', remaining: 14.2, load },
    80,
    'running  14.2 s left  98.7 of 100.0 req/s  3 errors  p50 12.34 ms  p99 41.70 ms',
  ],
  [
    'generating load, with more room',
    { experiment: { status: RUNNING }, remaining: 14.2, load },
    120,
    'running  14.2 s left  98.7 of 100.0 req/s  3 errors  p50 12.34 ms  p99 41.70 ms  5 in flight  queueing 1.30 ms  612 done',
  ],
  [
    'generating load in a closed loop',
    { experiment: { status: RUNNING }, remaining: 14.2, load: { ...load, closedLoop: true } },
    45,
    'running  14.2 s left  98.7 req/s closed loop',
  ],
  [
    'generating load, with little room',
    { experiment: { status: RUNNING }, remaining: 14.2, load },
    45,
    'running  14.2 s left  98.7 of 100.0 req/s',
  ],
  [
    'before the first figures',
    { experiment: { status: RUNNING }, phase: 'load is on', remaining: 20 },
    80,
    'running  load is on',
  ],
  [
    'waiting for answers',
    { experiment: { status: FINALIZING }, phase: 'waiting for answers', load },
    80,
    'finalizing  waiting for answers  5 in flight',
  ],
  ['ending', { experiment: { status: FINALIZING }, phase: 'settling the ledger' }, 80, 'finalizing  settling the ledger'],
])('%s', (_, message, width, expected) => {
  expect(progressLine(WatchExperimentResponse.fromPartial(message), width)).toBe(expected);
});
