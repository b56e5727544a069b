import { type Arrival as ArrivalMessage, ProfileProcess } from '@galileo/proto/client';
import type { Arrival } from '@galileo/workload';

function protoProcess(arrival: Arrival): NonNullable<ArrivalMessage['process']> {
  switch (arrival.kind) {
    case 'distribution':
      return { $case: 'distribution', value: { name: arrival.name, parameters: [...arrival.parameters] } };
    case 'ticks':
      return { $case: 'ticks', value: { rates: [...arrival.rates], interval: arrival.interval } };
    case 'recorded':
      return { $case: 'recorded', value: { gaps: [...arrival.gaps] } };
    case 'profile': {
      const { name, parameters, rates } = arrival;
      const process = arrival.process === 'even' ? ProfileProcess.EVEN : ProfileProcess.POISSON;
      return { $case: 'profile', value: { name, parameters: { ...parameters }, rates: [...rates], process } };
    }
  }
}

/** An arrival process as the load client takes it. */
export function protoArrival(arrival: Arrival): ArrivalMessage {
  return { process: protoProcess(arrival), requests: arrival.requests ?? 0 };
}
