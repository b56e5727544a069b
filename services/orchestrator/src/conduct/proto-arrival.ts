import type { Arrival as ArrivalMessage } from '@galileo/proto/client';
import type { Arrival } from '@galileo/workload';

/** An arrival process as the load client takes it. */
export function protoArrival(arrival: Arrival): ArrivalMessage {
  const requests = arrival.requests ?? 0;
  if (arrival.kind === 'ticks') {
    const { rates, interval } = arrival;
    return { process: { $case: 'ticks', value: { rates: [...rates], interval } }, requests };
  }
  const { name, parameters } = arrival;
  return { process: { $case: 'distribution', value: { name, parameters: [...parameters] } }, requests };
}
