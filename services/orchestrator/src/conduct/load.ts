import { setTimeout as sleep } from 'node:timers/promises';
import type { ExperimentSpec, WorkloadSpec } from '@galileo/experiment';
import type { WatchStatisticsResponse } from '@galileo/proto/client';
import type { Estimate } from '@galileo/reconcile';
import type { Clock } from '@galileo/service';
import { clientSeed } from '@galileo/workload';
import type { WorkerMember } from '../fleet/fleet.ts';
import type { LoadFigures } from '../load-figures.ts';
import type { PlacedClients } from '../placement.ts';
import { createLoadMeter } from './load-meter.ts';
import { protoRequest } from './proto-request.ts';
import { protoWorkload } from './proto-workload.ts';
import { scheduleHashOf } from './schedule-hash.ts';

/** A client that was created. */
export interface Client {
  readonly id: string;
  readonly worker: WorkerMember;
  readonly workload: WorkloadSpec;
  /** Number over all workloads, in the file's order. */
  readonly index: number;
}

/** Requests of a whole load. */
interface LoadTotals {
  readonly intended: number;
  readonly released: number;
}

/** What is known when a load has ended. */
interface Drained {
  readonly totals: LoadTotals;
  /** Requests that were not waited for any longer. */
  readonly givenUp: number;
  /** Set if a worker was lost before it had said its last. */
  readonly lost: unknown;
  /** Over the schedules of all clients; undefined if not all were drawn to their end, or none is there. */
  readonly scheduleHash: string | undefined;
}

/** A load under way. */
export interface RunningLoad {
  /** T0 of all schedules, UNIX seconds. */
  readonly startAt: number;
  /** Workers that took T0 by their own clock, for its offset to the recorder's was not known. */
  readonly byOwnClock: readonly string[];
  /** Resolves when no more requests are due; rejects if a worker is lost. */
  readonly over: Promise<void>;
  /** Ends all schedules at once; requests in flight go on. */
  stop(): Promise<void>;
  /** Waits for requests in flight, and gives up those that are not answered after `limit` seconds, or when the signal aborts. */
  drain(limit: number, signal: AbortSignal): Promise<Drained>;
}

export interface LoadOptions {
  readonly spec: ExperimentSpec;
  readonly clients: readonly Client[];
  readonly clock: Clock;
  /** How the own clock relates to the recorder's now, if that is known. */
  clockEstimate(): Pick<Estimate, 'offset'> | undefined;
  onFigures(figures: LoadFigures): void;
}

/** A load client could not be reached any more. */
class WorkerLostError extends Error {
  constructor(worker: string, cause: unknown) {
    super(`load client ${worker} was lost: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'WorkerLostError';
  }
}

/** Clients can't go on, as what makes their requests has failed. */
class ClientsFailedError extends Error {
  constructor(faults: readonly string[]) {
    const [first, ...others] = faults;
    const more = others.length === 0 ? '' : ` (and ${others.length}${others.length === mostFaults - 1 ? ' or more' : ''} others)`;
    super(`client ${first}${more}`);
    this.name = 'ClientsFailedError';
  }
}

/** Faults that a worker tells of at a time. */
const mostFaults = 10;
/** Seconds between the decision to start and T0, plus what each client's call may take. */
const lead = 0.5;
const leadPerClient = 0.002;
/** Clients that are given their schedules at a time: each call under way takes 50 KB of the worker. */
const callsAtATime = 32;
/** Seconds between two messages of figures. */
const figuresInterval = 0.5;
/** Seconds that a worker gets to close its clients and to say that it is idle. */
const closingTime = 2;
/** Seconds that a worker gets to obey when its load is ended: one that hangs must not hold up the end. */
const obeyTime = 2;

/** Creates the clients that were placed; `seed` is that of the experiment, `onCreated` is waited for after each call that has created some. */
export async function createClients(
  placed: readonly PlacedClients<WorkerMember>[],
  seed: number,
  onCreated: (clients: readonly Client[]) => Promise<void>,
): Promise<Client[]> {
  const clients: Client[] = [];
  for (const { workload, host, indices } of placed) {
    const begin = Math.min(...placed.filter(group => group.workload === workload).map(group => group.indices[0]!));
    const { clients: created } = await host.connection.client.createClients({
      service: workload.service,
      count: indices.length,
      ...protoRequest(workload, { begin, total: workload.clients, indices }, seed),
    });
    for (const [position, index] of indices.entries()) {
      clients.push({ id: created[position]!.clientId, worker: host, workload, index });
    }
    await onCreated(clients);
  }
  return clients;
}

/** Closes clients, as far as their workers can be reached. */
async function closeClients(clients: readonly Client[]): Promise<void> {
  const perWorker = Map.groupBy(clients, client => client.worker);
  const signal = AbortSignal.timeout(obeyTime * 1000);
  await Promise.allSettled(
    [...perWorker].map(([worker, own]) =>
      worker.connection.client.closeClients({ clientIds: own.map(client => client.id) }, { signal }),
    ),
  );
}

/**
 * Gives every client its schedule, all with one T0 a little ahead, and follows the workers' figures. T0 is told in the
 * recorder's time too, so that workers whose clocks differ begin together.
 */
export async function startLoad(options: LoadOptions): Promise<RunningLoad> {
  const { spec, clients, clock } = options;
  const startAt = clock.now() + lead + clients.length * leadPerClient;
  const estimate = options.clockEstimate();
  const startAtReference = estimate === undefined ? 0 : startAt + estimate.offset;
  const byOwnClock = new Set<string>();
  const start = async ({ id, worker, workload, index }: Client) => {
    const { offset } = await worker.connection.client.setWorkload({
      ...{ clientId: id, ...protoWorkload(workload), seed: clientSeed(spec.seed, index) },
      ...{ startAt, startAtReference, duration: spec.duration },
    });
    if (offset === undefined) byOwnClock.add(worker.name);
  };
  const rest = clients.values();
  const startRest = async () => {
    for (const client of rest) await start(client);
  };
  await Promise.all(Array.from({ length: callsAtATime }, startRest));

  const workers = [...new Set(clients.map(client => client.worker))];
  const closedLoop = spec.workloads.every(({ arrival }) => arrival.kind === 'loop');
  const meter = createLoadMeter(workers.length, closedLoop, options.onFigures);
  const watching = new AbortController();
  const idle = Promise.all(
    workers.map((worker, index) => follow(worker, watching.signal, message => meter.take(index, message))),
  ).then(() => {});
  idle.catch(() => {});
  const byTime = sleep(Math.max(0, startAt + spec.duration - clock.now()) * 1000, undefined, { signal: watching.signal });
  byTime.catch(() => {});

  const close = async () => {
    await Promise.race([Promise.all([closeClients(clients), idle.catch(() => {})]), sleep(closingTime * 1000)]);
  };

  const over = Promise.race([idle, byTime]);
  over.catch(() => {});

  return {
    startAt,
    byOwnClock: [...byOwnClock],
    over,
    async stop() {
      const signal = AbortSignal.timeout(obeyTime * 1000);
      await Promise.allSettled(
        clients.map(({ id, worker }) => worker.connection.client.stopWorkload({ clientId: id }, { signal })),
      );
    },
    async drain(limit, signal) {
      let lost: unknown;
      const ended = await Promise.race([
        idle.then(
          () => true,
          error => {
            lost = error;
            return false;
          },
        ),
        sleep(limit * 1000, false),
        new Promise<false>(resolve => {
          if (signal.aborted) resolve(false);
          signal.addEventListener('abort', () => resolve(false), { once: true });
        }),
      ]);
      const givenUp = ended ? 0 : meter.totals().inFlight;
      // Without it two runs can't be told to be the same; that is no reason to give one up.
      const scheduleHash = ended
        ? await scheduleHashOf(clients, AbortSignal.timeout(obeyTime * 1000)).catch(() => undefined)
        : undefined;
      if (!ended) await close();
      watching.abort();
      const { intended, released } = meter.totals();
      return { totals: { intended, released }, givenUp, lost, scheduleHash };
    },
  };
}

/** Passes a worker's messages on until it is idle. @throws WorkerLostError, or ClientsFailedError if clients can't go on. */
async function follow(
  worker: WorkerMember,
  signal: AbortSignal,
  take: (message: WatchStatisticsResponse) => void,
): Promise<void> {
  try {
    for await (const message of worker.connection.client.watchStatistics({ interval: figuresInterval }, { signal })) {
      take(message);
      if (message.faults.length > 0) throw new ClientsFailedError(message.faults);
      if (message.idle) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof ClientsFailedError) throw error;
    throw new WorkerLostError(worker.name, error);
  }
  throw new WorkerLostError(worker.name, 'it ended its figures before its load was over');
}
