import type { RequestLog } from '../emulated-client.ts';
import type { ClientTraces } from './trace-log.ts';

/** Whether requests that end are recorded; they are from the start on. */
export interface Tracing {
  /** Gives what keeps the traces of a client. */
  logOf(traces: ClientTraces): RequestLog;
  start(): void;
  pause(): void;
}

/**
 * Records traces, or only counts them while tracing is paused, so that a ledger knows that they are missing by intent.
 * @param flush hands on what was recorded, now.
 */
export function createTracing(flush: () => void): Tracing {
  let paused = false;
  return {
    logOf: ({ issued, trace, unrecorded }) => ({
      issued,
      ended(request, answer) {
        if (paused) unrecorded(request.counter);
        else trace(request, answer);
      },
    }),
    start() {
      paused = false;
    },
    pause() {
      paused = true;
      flush();
    },
  };
}
