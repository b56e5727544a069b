import type { WorkloadSpec } from '@galileo/experiment';
import { type Arrival as ArrivalMessage, InFlightPolicy, ProfileProcess, type SetWorkloadRequest } from '@galileo/proto/client';
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

/** When a client sends, as the load client takes it. */
export function protoWorkload({
  arrival,
  limit,
}: Pick<WorkloadSpec, 'arrival' | 'limit'>): Pick<
  SetWorkloadRequest,
  'arrival' | 'concurrency' | 'maxInFlight' | 'inFlightPolicy'
> {
  const requests = arrival.requests ?? 0;
  const inFlightPolicy = limit?.whenFull === 'drop' ? InFlightPolicy.DROP : InFlightPolicy.QUEUE;
  if (arrival.kind === 'loop') {
    return { arrival: { process: undefined, requests }, concurrency: arrival.concurrency, maxInFlight: 0, inFlightPolicy };
  }
  const message = { process: protoProcess(arrival), requests };
  return { arrival: message, concurrency: 0, maxInFlight: limit?.maxInFlight ?? 0, inFlightPolicy };
}
