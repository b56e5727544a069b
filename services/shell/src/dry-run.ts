import { type ExperimentSpec, replicasOf } from '@galileo/experiment';
import { type Arrival, clientSeed, createSchedule } from '@galileo/workload';

/** What an experiment would do, found out without starting anything. */
export interface Plan {
  readonly placement: readonly PlannedReplica[];
  readonly clients: readonly PlannedClient[];
}

interface PlannedReplica {
  readonly service: string;
  readonly replica: string;
  readonly node: string;
  readonly zone: string;
  readonly weight: number;
  /** Command and arguments; null where no process is described. */
  readonly command: readonly string[] | null;
  /** HOST:PORT of a replica that runs already; null of one that is started. */
  readonly address: string | null;
}

export interface PlannedClient {
  /** Index over all workloads, in the file's order. */
  readonly client: number;
  readonly service: string;
  readonly zone: string;
  readonly seed: number;
  /** Requests of the whole schedule. */
  readonly requests: number;
  /** False where the schedule was too long to be counted: `requests` is then reckoned from its beginning. */
  readonly exact: boolean;
  /** When the first requests are due, seconds after the begin. */
  readonly arrivals: readonly number[];
}

const shownArrivals = 10;

/** No more than so many arrivals of a client are drawn: some tenths of a second of computing. */
const countLimit = 1_000_000;

function count(arrival: Arrival, seed: number, duration: number): Pick<PlannedClient, 'requests' | 'exact' | 'arrivals'> {
  const schedule = createSchedule(duration > 0 ? { arrival, seed, duration } : { arrival, seed });
  const arrivals: number[] = [];
  let requests = 0;
  for (let due = schedule.next(); due !== undefined; due = schedule.next()) {
    requests += 1;
    if (arrivals.length < shownArrivals) arrivals.push(due / 1e6);
    if (requests === countLimit) {
      const most = arrival.requests ?? Number.MAX_SAFE_INTEGER;
      const reckoned = due > 0 && duration > 0 ? Math.round((requests * duration * 1e6) / due) : most;
      return { requests: Math.min(reckoned, most), exact: false, arrivals };
    }
  }
  return { requests, exact: true, arrivals };
}

/** Places the replicas and draws the schedules: the same that a run with this file draws. `redact` takes secrets out of commands. */
export function planExperiment(spec: ExperimentSpec, redact: (text: string) => string): Plan {
  const placement = spec.services.flatMap(service =>
    replicasOf(service).map(({ name, node, zone, weight }, index) => ({
      service: service.name,
      replica: name,
      node,
      zone,
      weight,
      command: service.process?.command.map(redact) ?? null,
      address: service.external?.addresses[index] ?? null,
    })),
  );
  const clients: PlannedClient[] = [];
  for (const { service, zone, clients: number, arrival } of spec.workloads) {
    for (let n = 0; n < number; n += 1) {
      const client = clients.length;
      const seed = clientSeed(spec.seed, client);
      clients.push({ client, service, zone, seed, ...count(arrival, seed, spec.duration) });
    }
  }
  return { placement, clients };
}
