import type { Arrival as ArrivalMessage } from '@galileo/proto/client';
import { invalidArgument } from '@galileo/service';
import { type Arrival, arrivalProblem, type DistributionName } from '@galileo/workload';

/** Translates an arrival process and checks it. @throws INVALID_ARGUMENT. */
export function arrivalOf(message: ArrivalMessage | undefined, duration: number | undefined): Arrival {
  const process = message?.process;
  if (message === undefined || process === undefined) {
    throw invalidArgument('arrival: found no arrival process; allowed: distribution or ticks');
  }
  const arrival: Arrival =
    process.$case === 'distribution'
      ? { kind: 'distribution', name: process.value.name as DistributionName, parameters: process.value.parameters }
      : { kind: 'ticks', rates: process.value.rates, interval: process.value.interval };
  if (message.requests > 0) arrival.requests = message.requests;
  const problem = arrivalProblem(arrival, duration);
  if (problem !== undefined) throw invalidArgument(`arrival: ${problem}`);
  return arrival;
}
