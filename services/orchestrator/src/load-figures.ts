/** Live figures over all clients of an experiment. Rates and latencies are those of the last interval. */
export interface LoadFigures {
  readonly intended: number;
  readonly released: number;
  readonly completed: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Requests per second. */
  readonly intendedRate: number;
  readonly achievedRate: number;
  /** Seconds from the intended time; 0 without requests. */
  readonly latencyP50: number;
  readonly latencyP99: number;
}
