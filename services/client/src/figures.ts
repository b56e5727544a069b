import { createHistogram, type Histogram } from '@galileo/analysis';

/** Counters of a worker since its clients were created. */
export interface Figures {
  /** Requests due, of workloads that have ended or were replaced. */
  intendedBefore: number;
  released: number;
  completed: number;
  failed: number;
  /** released - created of what was scheduled, seconds. */
  readonly releaseError: Histogram;
  /** sent - released of what was sent, seconds. */
  readonly queueing: Histogram;
}

export function createFigures(): Figures {
  return {
    intendedBefore: 0,
    released: 0,
    completed: 0,
    failed: 0,
    releaseError: createHistogram(),
    queueing: createHistogram(),
  };
}

/** The figures at an instant. */
export interface Snapshot {
  /** UNIX seconds. */
  readonly at: number;
  readonly intended: number;
  readonly released: number;
  readonly completed: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly releaseError: Histogram;
  readonly queueing: Histogram;
  /** No client has a workload or a request on the way. */
  readonly idle: boolean;
}

/** Somebody who follows the figures. */
export interface Watcher {
  /** Gets the latency from the intended time of each request that succeeds, seconds. */
  readonly latency: Histogram;
}
