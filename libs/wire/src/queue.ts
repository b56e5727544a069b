import {
  attributes,
  type Codec,
  dict,
  float,
  int,
  listOf,
  namedTuple,
  nullAs,
  nullable,
  optional,
  required,
  str,
} from './codec.ts';
import { experimentQueueKey } from './keys.ts';
import { malformed, type Parsed, parsed } from './parsed.ts';
import { decodeEnvelope, encodeEnvelope } from './pymq.ts';
import { encodePython, type PyObject } from './python-json.ts';
import type { RedisCommand } from './routing.ts';

/** An experiment's row. Times are UNIX seconds. */
export interface ExperimentRow {
  readonly id: string | null;
  readonly name: string | null;
  readonly creator: string | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly created: number | null;
  readonly status: string | null;
}

/** One workload of a queued experiment. */
export interface WorkloadConfiguration {
  readonly service: string;
  /** Requests per second of all clients together, one interval each. */
  readonly ticks: readonly number[];
  /** Clients in total, whatever the name says. */
  readonly clientsPerHost: number;
  /** Required by the original, and used for nothing. */
  readonly arrivalPattern: string;
  readonly client: string | null;
  readonly clientParameters: PyObject;
}

/** What a queued experiment is to do. */
export interface ExperimentConfiguration {
  /** Seconds. */
  readonly duration: number;
  /** Length of a tick, seconds. */
  readonly interval: number;
  readonly workloads: readonly WorkloadConfiguration[];
}

export interface QueuedExperiment {
  /** null is allowed on the wire, but the original's daemon fails on it. */
  readonly experiment: ExperimentRow | null;
  readonly configuration: ExperimentConfiguration;
}

const none = <T>(name: string, codec: Codec<T>) => optional<T | null>(name, nullable(codec), null);

const experimentRow = attributes<ExperimentRow>({
  id: none('id', str),
  name: none('name', str),
  creator: none('creator', str),
  start: none('start', float),
  end: none('end', float),
  created: none('created', float),
  status: none('status', str),
});

const workload = namedTuple<WorkloadConfiguration>({
  service: required('service', str),
  ticks: required('ticks', listOf(int)),
  clientsPerHost: required('clients_per_host', int),
  arrivalPattern: required('arrival_pattern', str),
  client: none('client', str),
  clientParameters: optional('client_parameters', nullAs(dict, {}), {}),
});

const configuration = namedTuple<ExperimentConfiguration>({
  duration: required('duration', int),
  interval: required('interval', int),
  workloads: required('workloads', listOf(workload)),
});

const queuedExperiment = namedTuple<QueuedExperiment>({
  experiment: required('experiment', nullable(experimentRow)),
  configuration: required('configuration', configuration),
});

const type = 'galileodb.model.QueuedExperiment';

/** The item that tells the daemon to end. */
const poison = '__POISON__';
export const poisonItem: string = encodePython(poison);

export const encodeQueuedExperiment = (item: QueuedExperiment): string =>
  encodeEnvelope({ type, value: queuedExperiment.encode(item, '') });

/** An item of the queue: an experiment, or the end of the daemon. */
export type QueueItem = { readonly kind: 'experiment'; readonly queued: QueuedExperiment } | { readonly kind: 'poison' };

/** Reads an item of the queue. An experiment must carry its `__type`. */
export function decodeQueueItem(text: string): Parsed<QueueItem> {
  const envelope = decodeEnvelope(text);
  if (!envelope.ok) return envelope;
  if (envelope.value.value === poison) return parsed({ kind: 'poison' });
  if (envelope.value.type !== type) return malformed(`__type is not ${type}`);
  const queued = queuedExperiment.decode(envelope.value.value, '');
  return queued.ok ? parsed({ kind: 'experiment', queued: queued.value }) : queued;
}

/** Puts an item into the queue. */
export const pushQueueItem = (item: string): RedisCommand => ['LPUSH', experimentQueueKey, item];

/** Takes the oldest item; waits for ever. */
export const popQueueItem: RedisCommand = ['BRPOP', experimentQueueKey, '0'];

/** What precedes a cancellation: to be aborted if the queue changes, and to be repeated then, three times at most. */
export const watchQueue: readonly RedisCommand[] = [
  ['WATCH', experimentQueueKey],
  ['LRANGE', experimentQueueKey, '0', '-1'],
];

/** Index of an experiment among the items, -1 if it is not there. Items that can't be read or have no experiment are passed over. */
export const findQueued = (items: readonly string[], id: string): number =>
  items.findIndex(text => {
    const item = decodeQueueItem(text);
    return item.ok && item.value.kind === 'experiment' && item.value.queued.experiment?.id === id;
  });

/** Removes the item at an index; one transaction. Redis removes from lists by value alone, hence the mark. */
export const cancelQueued = (index: number): RedisCommand[] => [
  ['LSET', experimentQueueKey, String(index), 'DELETE'],
  ['LREM', experimentQueueKey, '1', 'DELETE'],
];
