/** Requests of a client that are sent when others end, and so have no intended time. */
export interface ClosedLoop {
  kind: 'loop';
  /** Requests on the way at a time. */
  concurrency: number;
  /** At most so many; no limit but the duration unless given. */
  requests?: number;
}

/** Requests of a client on the way at a time, and what becomes of those beyond: they wait, or fail unsent. */
export interface FlightLimit {
  maxInFlight: number;
  whenFull: 'queue' | 'drop';
}
