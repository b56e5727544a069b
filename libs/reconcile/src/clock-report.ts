import { keepConnected } from '@galileo/bus';
import { type ReconcileRequest, RecorderDefinition } from '@galileo/proto/recorder';
import { type Credentials, connect, type Logger, type ProcessClock } from '@galileo/service';
import { createClockSync } from './clock-sync.ts';
import { createMailbox } from './mailbox.ts';
import { producerId } from './producer-id.ts';

export interface ClockReportOptions {
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  /** What the calls identify themselves with. */
  readonly credentials: Credentials;
  /** Kind of service: loadbalancer. */
  readonly service: string;
  readonly node: string;
  readonly clock: ProcessClock;
  readonly log: Logger;
}

/**
 * For a service that makes no records, but whose times stand in those of others (X-Forwarded-Host-<node>): tells the recorder,
 * as long as it is reached, how the own clock relates to its own, and keeps the clock's anchor while a recording is open.
 * Nobody waits for the service because of it. It connects in the background.
 */
export function startClockReport(options: ClockReportOptions): AsyncDisposable {
  const { recorder, service, node, clock, log } = options;
  const id = producerId(service, node);
  const connection = connect(RecorderDefinition, recorder, { credentials: options.credentials });
  const ended = new AbortController();
  let outgoing = createMailbox<ReconcileRequest>();
  const sync = createClockSync({
    ...{ connection, clock, log },
    onEstimate: value => outgoing.send({ message: { $case: 'clock', value } }),
  });
  const recordings = new Set<string>();
  const kept = clock.keepAnchorWhile(() => recordings.size > 0);

  const carryStream = async (signal: AbortSignal, established: () => void) => {
    outgoing = createMailbox();
    outgoing.send({
      message: { $case: 'hello', value: { producerId: id, service, node, clockOnly: true, predecessors: [], ended: false } },
    });
    const named = new Set<string>();
    let greeted = false;
    for await (const { message } of connection.client.reconcile(outgoing.messages(signal), { signal })) {
      if (message?.$case === 'open') {
        named.add(message.value.recordingId);
        clock.check();
        recordings.add(message.value.recordingId);
        sync.tell();
      } else if (message?.$case === 'close') {
        sync.tell();
        recordings.delete(message.value.recordingId);
      } else if (!greeted) {
        greeted = true;
        // All recordings that are open have been named: others have ended meanwhile.
        for (const recording of recordings) if (!named.has(recording)) recordings.delete(recording);
        established();
        sync.run(signal);
      }
    }
  };

  const running = keepConnected({ address: recorder, stream: 'reconcile', log, signal: ended.signal, open: carryStream });
  return {
    async [Symbol.asyncDispose]() {
      ended.abort();
      await running;
      kept[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}
