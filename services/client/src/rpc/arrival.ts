import { type Arrival as ArrivalMessage, type ProfileArrival as ProfileMessage, ProfileProcess } from '@galileo/proto/client';
import { invalidArgument } from '@galileo/service';
import {
  type Arrival,
  arrivalProblem,
  type DistributionName,
  type ProcessName,
  type ProfileArrival,
  type ProfileName,
} from '@galileo/workload';

function processNameOf(process: ProfileProcess): ProcessName {
  switch (process) {
    case ProfileProcess.UNSPECIFIED:
    case ProfileProcess.POISSON:
      return 'poisson';
    case ProfileProcess.EVEN:
      return 'even';
    default:
      // Enums of proto3 are open: a newer peer may send a value that is not known here.
      throw invalidArgument(`arrival: process: found ${process as number}; allowed: POISSON, EVEN`);
  }
}

function profileOf({ name, parameters, rates, process }: ProfileMessage): ProfileArrival {
  return { kind: 'profile', name: name as ProfileName, parameters, rates, process: processNameOf(process) };
}

function processOf({ $case, value }: NonNullable<ArrivalMessage['process']>): Arrival {
  switch ($case) {
    case 'distribution':
      return { kind: 'distribution', name: value.name as DistributionName, parameters: value.parameters };
    case 'ticks':
      return { kind: 'ticks', rates: value.rates, interval: value.interval };
    case 'profile':
      return profileOf(value);
    case 'recorded':
      return { kind: 'recorded', gaps: value.gaps };
  }
}

/** Translates an arrival process and checks it. @throws INVALID_ARGUMENT. */
export function arrivalOf(message: ArrivalMessage | undefined, duration: number | undefined): Arrival {
  if (message?.process === undefined) {
    throw invalidArgument('arrival: found no arrival process; allowed: distribution, ticks, profile or recorded');
  }
  const arrival = processOf(message.process);
  if (message.requests > 0) arrival.requests = message.requests;
  const problem = arrivalProblem(arrival, duration);
  if (problem !== undefined) throw invalidArgument(`arrival: ${problem}`);
  return arrival;
}
