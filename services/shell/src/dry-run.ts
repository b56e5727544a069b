import { type ClosedLoop, type ExperimentSpec, replicasOf } from '@galileo/experiment';
import { type Arrival, clientSeed, combinedHash, createSchedule, createScheduleHash } from '@galileo/workload';

/** What an experiment would do, found out without starting anything. */
export interface Plan {
  readonly placement: readonly PlannedReplica[];
  readonly clients: readonly PlannedClient[];
  /** Over the schedules of all clients, as a run records it; null if one is not known, or if there are closed loops only. */
  readonly scheduleHash: string | null;
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
  /** Requests of the whole schedule, or that a closed loop ends with; null for a closed loop that the duration ends. */
  readonly requests: number | null;
  /** False where the schedule was too long to be counted: `requests` is then reckoned from its beginning. */
  readonly exact: boolean;
  /** When the first requests are due, seconds after the begin; none of a closed loop. */
  readonly arrivals: readonly number[];
  /** Requests on the way at a time in a closed loop; null for a schedule. */
  readonly concurrency: number | null;
  /** Hash of the schedule, see `scheduleHash`; null where it was too long to be drawn, and for a closed loop. */
  readonly hash: string | null;
}

const shownArrivals = 10;

/** No more than so many arrivals of a client are drawn: some tenths of a second of computing. */
const countLimit = 1_000_000;

type Found = Pick<PlannedClient, 'requests' | 'exact' | 'arrivals' | 'concurrency' | 'hash'>;

function count(arrival: Arrival, seed: number, duration: number): Found {
  const hash = createScheduleHash();
  const schedule = createSchedule(duration > 0 ? { arrival, seed, duration } : { arrival, seed });
  const arrivals: number[] = [];
  let requests = 0;
  for (let due = schedule.next(); due !== undefined; due = schedule.next()) {
    requests += 1;
    hash.add(due);
    if (arrivals.length < shownArrivals) arrivals.push(due / 1e6);
    if (requests === countLimit) {
      const most = arrival.requests ?? Number.MAX_SAFE_INTEGER;
      const reckoned = due > 0 && duration > 0 ? Math.round((requests * duration * 1e6) / due) : most;
      return { requests: Math.min(reckoned, most), exact: false, arrivals, concurrency: null, hash: null };
    }
  }
  return { requests, exact: true, arrivals, concurrency: null, hash: hash.digest() };
}

function loop({ concurrency, requests }: ClosedLoop): Found {
  return { requests: requests ?? null, exact: true, arrivals: [], concurrency, hash: null };
}

function combined(clients: readonly PlannedClient[]): string | null {
  const hashes = clients.filter(client => client.concurrency === null).map(client => client.hash ?? '');
  return hashes.length === 0 || hashes.includes('') ? null : combinedHash(hashes);
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
      const found = arrival.kind === 'loop' ? loop(arrival) : count(arrival, seed, spec.duration);
      clients.push({ client, service, zone, seed, ...found });
    }
  }
  return { placement, clients, scheduleHash: combined(clients) };
}
