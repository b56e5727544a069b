import { createDoorbell } from '@galileo/bus';
import type { RecorderClient } from '@galileo/proto/recorder';
import type { Clock, Logger } from '@galileo/service';
import { parseEvent, parseTelemetry, parseTrace } from '@galileo/wire';
import { createProducerProtocol, type ProducerProtocol } from './producer-protocol.ts';
import { createReconcileStream } from './reconcile-stream.ts';
import type { Leftover } from './spool/leftovers.ts';
import type { SpooledRecord } from './spool/segment-format.ts';
import type { ProducerState } from './spool/state.ts';

/** What a producer left that was in a recording. */
type Testament = Leftover & { readonly state: ProducerState };

/**
 * Was the producer in a recording, so that anything of it can be asked for? Its state is saved before the recorder is told of the
 * interval.
 */
export function isNeeded(leftover: Leftover): leftover is Testament {
  return leftover.state !== undefined && leftover.state.recordings.length > 0;
}

export interface PredecessorOptions {
  /** What the earlier producer left; removed when nothing of it is needed any more. */
  readonly leftover: Testament;
  readonly connection: { readonly client: Pick<RecorderClient, 'reconcile'> };
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  readonly service: string;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Counts a record that was published by a process that has ended. */
export function countAgain(protocol: ProducerProtocol, { kind, channel, line }: SpooledRecord): void {
  if (kind === 'trace') {
    const trace = parseTrace(line);
    if (trace.ok) protocol.trace(trace.value);
  } else if (kind === 'telemetry') {
    const sample = parseTelemetry(channel, line);
    if (sample.ok) protocol.telemetry(sample.value);
  } else {
    const event = parseEvent(line);
    if (event.ok) protocol.event(event.value);
  }
}

/**
 * Speaks for a producer that was killed: goes on from the figures that it saved, counts what it published afterwards, closes
 * its intervals just after its last record, and answers what the recorder asks. Resolves when nothing of it is needed any
 * more, or `signal` aborts; then the leftover stays.
 */
export async function speakForPredecessor(options: PredecessorOptions): Promise<void> {
  const { leftover, connection, recorder, service, node, clock, log, signal } = options;
  const { producerId, state } = leftover;
  const protocol = createProducerProtocol({ producerId, service, node, ended: state, issued: leftover.issued });
  for (const record of leftover.read(state.position)) countAgain(protocol, record);
  const { records, tail } = leftover.examine();
  log.info({ producer: producerId, records, tail, recordings: state.recordings.length }, 'an earlier producer left records');

  const done = new AbortController();
  const bell = createDoorbell();
  let synchronised = false;
  const stream = createReconcileStream({
    ...{ client: connection.client, recorder, protocol, clock, log },
    read: wanted => leftover.read(0, wanted),
    sequence: () => 0,
    // Its last state stays true: whoever comes next counts the rest again.
    save: () => {},
    onReaction({ settle }) {
      for (const { recordingId } of settle) stream.send(protocol.settled(recordingId));
      bell.ring();
    },
    onSynchronised(value) {
      synchronised = value;
      if (value) stream.react(protocol.end(clock.now()));
    },
  });
  const running = stream.run(AbortSignal.any([signal, done.signal]));
  if (await bell.until(() => synchronised && protocol.isDurable(), signal)) leftover.remove();
  done.abort();
  await running;
}
