import type { RoutingTable } from '@galileo/routing';
import type { Due } from './due-heap.ts';
import type { HashedSchedule } from './hashed-schedule.ts';
import type { RequestSource } from './requests/request-source.ts';
import type { Answer } from './sender.ts';
import type { ClientIdentity } from './shards/shard.ts';
import type { Workload } from './workload.ts';

/** A workload of a client that is under way; while it has something to hand over it sits in the pacer's heap. */
export interface ActiveWorkload extends Due {
  readonly client: EmulatedClient;
  readonly workload: Workload;
  /** Called once when it has handed over everything and the last answer is there; never if it was stopped or replaced. */
  readonly onDone: () => void;
  /** Is it in the heap? */
  planned: boolean;
  /** Is it handing over right now? */
  releasing: boolean;
  /** It was stopped, or its end was told. */
  ended: boolean;
}

/** A request that was handed over and has no answer yet. */
export interface InFlight {
  readonly client: EmulatedClient;
  /** What it belongs to. */
  readonly origin: ActiveWorkload;
  readonly counter: number;
  /** When it was due, UNIX seconds; in a closed loop when it was handed over. */
  readonly created: number;
  /** When it was handed over, UNIX seconds. */
  readonly released: number;
  /** HOST:PORT that it goes to; `undefined` if it has no route or does not leave the worker. */
  readonly server: string | undefined;
  giveUp(kind: string): void;
}

/** Is told of each request of a client. */
export interface RequestLog {
  /** One is about to be sent under this counter. */
  issued(counter: number): void;
  /** One was answered or has failed. */
  ended(request: InFlight, answer: Answer): void;
}

/** An emulated client: what it sends, and what it has sent. */
export interface EmulatedClient extends ClientIdentity {
  readonly source: RequestSource;
  readonly log: RequestLog;
  /** Why it sends nothing any more; `undefined` while it can. */
  fault: string | undefined;
  /** Its own, so that the order of its hosts does not depend on what other clients do. */
  readonly routes: RoutingTable;
  /** Requests handed over; the counter of the last one. */
  released: number;
  /** Requests answered or failed. */
  completed: number;
  failed: number;
  /** Requests with a status below 0 or from 300, which is what Galileo calls failed. */
  unsuccessful: number;
  active: ActiveWorkload | undefined;
  /** Its last schedule; undefined if its last workload is a closed loop. */
  schedule: HashedSchedule | undefined;
}

/** Has the client a workload, or a request on the way? */
export function isBusy(client: EmulatedClient): boolean {
  return client.active !== undefined || client.released > client.completed;
}
