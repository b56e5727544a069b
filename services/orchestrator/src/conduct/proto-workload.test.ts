import { InFlightPolicy, ProfileProcess } from '@galileo/proto/client';
import type { Arrival } from '@galileo/workload';
import { expect, test } from 'vitest';
import { protoWorkload } from './proto-workload.ts';

const cases: readonly [what: string, arrival: Arrival, message: object][] = [
  [
    'a distribution',
    { kind: 'distribution', name: 'expovariate', parameters: [25], requests: 7 },
    { process: { $case: 'distribution', value: { name: 'expovariate', parameters: [25] } }, requests: 7 },
  ],
  [
    'ticks',
    { kind: 'ticks', rates: [1, 2], interval: 3 },
    { process: { $case: 'ticks', value: { rates: [1, 2], interval: 3 } }, requests: 0 },
  ],
  [
    'a profile',
    { kind: 'profile', name: 'steps', parameters: { interval: 3 }, rates: [1, 2], process: 'even' },
    {
      process: {
        $case: 'profile',
        value: { name: 'steps', parameters: { interval: 3 }, rates: [1, 2], process: ProfileProcess.EVEN },
      },
      requests: 0,
    },
  ],
  [
    'a recording',
    { kind: 'recorded', gaps: [0.5, 0] },
    { process: { $case: 'recorded', value: { gaps: [0.5, 0] } }, requests: 0 },
  ],
];

test.each(cases)('%s goes to the load client whole', (_, arrival, message) => {
  expect(protoWorkload({ arrival, limit: undefined })).toMatchObject({ arrival: message, concurrency: 0, maxInFlight: 0 });
});

test('so does a limit of requests on the way', () => {
  const arrival = { kind: 'recorded', gaps: [1] } as const;
  expect(protoWorkload({ arrival, limit: { maxInFlight: 3, whenFull: 'drop' } })).toMatchObject({
    maxInFlight: 3,
    inFlightPolicy: InFlightPolicy.DROP,
  });
});

test('a closed loop names no process', () => {
  expect(protoWorkload({ arrival: { kind: 'loop', concurrency: 8, requests: 100 }, limit: undefined })).toMatchObject({
    arrival: { process: undefined, requests: 100 },
    concurrency: 8,
    maxInFlight: 0,
  });
});
