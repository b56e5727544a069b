import { type BusTransport, openPublisher } from '@galileo/bus';
import { producerId, type SpoolSettings, startProducer } from '@galileo/reconcile';
import type { Credentials, Logger, ProcessClock } from '@galileo/service';
import { instanceTrace } from '../trace.ts';
import type { TraceLog } from './trace-log.ts';

export interface RecordedTracesOptions {
  readonly transport: BusTransport;
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  readonly credentials: Credentials;
  readonly worker: string;
  readonly spool: SpoolSettings;
  readonly clock: ProcessClock;
  readonly log: Logger;
  /** How long the end waits for what has not been taken, seconds; 2 unless told. */
  readonly closeTimeout?: number;
  /** Waits until every request that was due before `to` has its trace, UNIX seconds. */
  settle(to: number, signal: AbortSignal): Promise<void>;
}

/** Publishes traces, and states them to the recorder. @throws ConfigError if the spool can't be used */
export function openRecordedTraces(options: RecordedTracesOptions): TraceLog {
  const { transport, recorder, credentials, worker, spool, clock, log, settle, closeTimeout = 2 } = options;
  const id = producerId('client', worker);
  const ended = new AbortController();
  const publisher = openPublisher({ ...transport, recorder, credentials, producerId: id, log, closeTimeout });
  const producer = startProducer({
    ...{ publisher, recorder, credentials, service: 'client', node: worker, id, clock, log, spool, settle },
  });
  return {
    openClient({ id: clientId, service, token }) {
      const { issued, trace, unrecorded } = producer.openClient({ clientId, service, token });
      return { issued, trace: (request, answer) => trace(instanceTrace(request, answer)), unrecorded };
    },
    // The producer hands lines on at the end of the event loop's turn.
    flush: () => setImmediate(() => publisher.flush(ended.signal).catch(() => {})),
    ready: () => producer.ready(),
    clockEstimate: () => producer.clockEstimate(),
    onConnection: listener => producer.onConnection(listener),
    async [Symbol.asyncDispose]() {
      ended.abort();
      await producer[Symbol.asyncDispose]();
      await publisher[Symbol.asyncDispose]();
    },
  };
}
