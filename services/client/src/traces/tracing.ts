import type { Trace } from '@galileo/wire';

export interface TracingOptions {
  record(trace: Trace): void;
  /** A request has ended of which no trace is made. */
  unrecorded(token: string, counter: number): void;
  /** Hands on what was recorded, now. */
  flush(): void;
}

/** Whether requests that end are recorded; they are from the start on. */
export interface Tracing {
  /** A request has ended. */
  take(trace: Trace): void;
  start(): void;
  pause(): void;
}

/** Records traces, or only counts them while tracing is paused, so that a ledger knows that they are missing by intent. */
export function createTracing({ record, unrecorded, flush }: TracingOptions): Tracing {
  let paused = false;
  return {
    take(trace) {
      if (!paused) {
        record(trace);
        return;
      }
      const [token, counter] = trace.requestId.split(':') as [string, string];
      unrecorded(token, Number(counter));
    },
    start() {
      paused = false;
    },
    pause() {
      paused = true;
      flush();
    },
  };
}
