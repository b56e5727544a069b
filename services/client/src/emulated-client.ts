import type { RoutingTable } from '@galileo/routing';
import type { Due } from './due-heap.ts';
import type { Run } from './run.ts';
import type { GiveUp, OutgoingRequest } from './sender.ts';

/** A workload of a client while it hands requests over; it sits in the pacer's heap. */
export interface Plan extends Due {
  readonly client: EmulatedClient;
  readonly run: Run;
}

/** A request that was handed over and has no answer yet. */
export interface InFlight {
  readonly client: EmulatedClient;
  readonly counter: number;
  /** When it was due, UNIX seconds. */
  readonly created: number;
  /** When it was handed over, UNIX seconds. */
  readonly released: number;
  giveUp: GiveUp;
}

/** An emulated client: what it sends, and what it has sent. */
export interface EmulatedClient {
  /** `<worker>:<service>:<n>`. */
  readonly id: string;
  /** Number within the worker, from 0. */
  readonly n: number;
  readonly service: string;
  /** What stands before the colon in its request ids: 16 hex digits from crypto, never from a seed, lest repetitions collide. */
  readonly token: string;
  readonly request: OutgoingRequest;
  /** Its own, so that the order of its hosts does not depend on what other clients do. */
  readonly routes: RoutingTable;
  /** Requests handed over; the counter of the last one. */
  released: number;
  /** Requests answered or failed. */
  completed: number;
  failed: number;
  plan: Plan | undefined;
  readonly inFlight: Set<InFlight>;
}

/** Has the client a workload, or a request on the way? */
export function isBusy(client: EmulatedClient): boolean {
  return client.plan !== undefined || client.inFlight.size > 0;
}
