import type { Histogram } from '@galileo/analysis';
import type { Estimate } from '@galileo/reconcile';
import type { Route } from '@galileo/routing';
import type { ScheduleOptions } from '@galileo/workload';
import type { ClosedLoop } from '../closed-loop.ts';
import type { Snapshot } from '../figures.ts';
import type { FlightLimit } from '../open-loop.ts';
import type { RequestSpec } from '../requests/request-spec.ts';

/** Who an emulated client is. */
export interface ClientIdentity {
  /** `<worker>:<service>:<n>`. */
  readonly id: string;
  /** Number within the worker, from 0. */
  readonly n: number;
  readonly service: string;
  /** What stands before the colon in its request ids: 16 hex digits from crypto, never from a seed, lest repetitions collide. */
  readonly token: string;
}

/** How a client stands. */
export interface ClientState {
  readonly released: number;
  readonly completed: number;
  readonly failed: number;
  /** Requests with a status below 0 or from 300, which is what Galileo calls failed. */
  readonly unsuccessful: number;
  /** Has it a workload, or a request on the way? */
  readonly busy: boolean;
  /** Hash of its last schedule, see `scheduleHash`; undefined until that was drawn to its end. */
  readonly scheduleHash: string | undefined;
}

/** What a client is to do. */
export type Plan =
  | { readonly kind: 'schedule'; readonly schedule: ScheduleOptions; readonly limit?: FlightLimit }
  | { readonly kind: 'loop'; readonly loop: ClosedLoop };

/** T0 of a workload as it is asked for, UNIX seconds; at once unless told. */
export interface WantedStart {
  /** By the worker's clock. */
  readonly own?: number | undefined;
  /** By the recorder's clock; `own` serves where the difference between the two is not known. */
  readonly reference?: number | undefined;
}

/** T0 by the worker's clock, UNIX seconds, and what is known of the recorder's clock if T0 was asked for by that. */
export interface Started {
  readonly at: number;
  readonly estimate?: Pick<Estimate, 'offset' | 'uncertainty'>;
}

/** Why a workload was not started. */
export interface Refused {
  readonly refusal: string;
}

/** The figures at an instant, and the latencies from the intended time of what has succeeded since they were taken last. */
export interface Figures extends Snapshot {
  readonly latency: Histogram;
}

/** What a shard tells. */
export interface ShardEvents {
  /** Everything of a workload has been handed over and answered; not told of one that was stopped or replaced. */
  onDone(run: number): void;
  /** A client gets no request any more. */
  onFault(n: number, fault: string): void;
  /** The last workload is done and the last request answered. */
  onIdle(): void;
  /** Traces reach their place, or no longer do: told at once, and at every change. */
  onConnection(connected: boolean): void;
}

/**
 * Sends the load of some clients and records it; a worker has one in its own thread, or one in each of several threads. What goes
 * in and out is plain data, and clients are named by their numbers.
 */
export interface Shard extends AsyncDisposable {
  /** Resolves when traces are taken. */
  ready(): Promise<void>;
  /** Gets ready for the first load. */
  warmUp(): Promise<void>;
  /** Begins the figures anew. */
  reset(): void;
  /** Makes clients of a service, which send the requests of `spec` in this order. */
  create(service: string, spec: RequestSpec, clients: readonly ClientIdentity[]): Promise<void>;
  /** Ends clients. Their requests on the way are given up and recorded as cancelled. */
  close(numbers: readonly number[]): void;
  /** Replaces the routing table, which has been checked. */
  setRoutes(routes: readonly Route[]): void;
  /** Gives a client a workload, which has been checked, in place of the one that it has. `run` names it in `onDone`. */
  start(n: number, run: number, plan: Plan, wanted: WantedStart): Promise<Started | Refused>;
  /** Ends a client's workload; its requests on the way go on. */
  stop(n: number): void;
  /** How clients stand, in the order of their numbers here; of those that are gone there is nothing. */
  states(numbers: readonly number[]): Promise<readonly (ClientState | undefined)[]>;
  /** Begins to follow the figures under a number. */
  watch(id: number): void;
  unwatch(id: number): void;
  take(id: number): Promise<Figures>;
  /** Are requests that end recorded? They are from the start on. */
  trace(on: boolean): void;
}
