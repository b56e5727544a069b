import { ProfileProcess } from '@galileo/proto/client';
import type { Arrival } from '@galileo/workload';
import { expect, test } from 'vitest';
import { protoArrival } from './proto-arrival.ts';

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
  expect(protoArrival(arrival)).toEqual(message);
});
