/** Live figures over all clients of an experiment. Rates and latencies are those of the last interval. */
export interface LoadFigures {
  readonly intended: number;
  readonly released: number;
  readonly completed: number;
  readonly failed: number;
  readonly inFlight: number;
  /** 99th percentiles since the start, seconds: of released - created where there is an intended time, and of sent - released. */
  readonly releaseErrorP99: number;
  readonly queueingP99: number;
  /** Are all workloads closed loops? Then nothing has an intended time, and `intended` counts what was handed over. */
  readonly closedLoop: boolean;
  /** Requests per second. */
  readonly intendedRate: number;
  readonly achievedRate: number;
  /** Seconds from the intended time; 0 without requests. */
  readonly latencyP50: number;
  readonly latencyP99: number;
}
