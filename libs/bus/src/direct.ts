import { type Credentials, connect, type Logger } from '@galileo/service';
import { createDoorbell } from './doorbell.ts';
import { keepConnected } from './keep-connected.ts';
import type { RecordKindName } from './kinds.ts';
import { lineProducerDefinition, type WrittenBatch } from './line-batch.ts';
import { type Batch, createOutbox } from './outbox.ts';
import type { LostListener, Publisher } from './publisher.ts';

export interface DirectPublisherOptions {
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  /** What the calls identify themselves with. */
  readonly credentials: Credentials;
  /** Id under which the recorder knows the producer: `<service>/<node>/<nonce>`. */
  readonly producerId: string;
  readonly log: Logger;
  /** Most memory for what is not yet durable, bytes; 64 MiB unless told. */
  readonly maxBytes?: number;
  /** How long disposal tries to deliver what is pending, seconds; 5 unless told. */
  readonly closeTimeout?: number;
}

/** A batch leaves when it has so many records, or when its first has waited so long (ms). */
const maxRecords = 500;
const maxWait = 50;

/**
 * Opens the transport `direct`: the stream Recorder.Publish. Lines are sent in numbered batches, each kept until the
 * recorder has acknowledged it as durable; after a break the unacknowledged ones are sent again under their numbers.
 * Nothing is lost while what is pending fits into `maxBytes`.
 */
export function openDirectPublisher(options: DirectPublisherOptions): Publisher {
  const { recorder, producerId, log } = options;
  const lost: Record<RecordKindName, number> = { trace: 0, telemetry: 0, event: 0 };
  const listeners: LostListener[] = [];
  let beforeSend = () => {};
  let lossReported = false;
  const lose = (kind: RecordKindName, channel: string, line: string, reason: string) => {
    lost[kind]++;
    if (!lossReported) log.warn({ producer: producerId, kind, channel, reason }, 'records are not published');
    lossReported = true;
    for (const listener of listeners) listener(kind, channel, line);
  };
  const maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
  const outbox = createOutbox({
    maxBytes,
    maxRecords,
    onLost: (kind, channel, line) => lose(kind, channel, line, `the cap of ${maxBytes} bytes is reached`),
  });

  const bell = createDoorbell();
  const ended = new AbortController();
  const connection = connect(lineProducerDefinition, recorder, { credentials: options.credentials });
  let timer: NodeJS.Timeout | undefined;

  const seal = () => {
    clearTimeout(timer);
    timer = undefined;
    outbox.seal();
    bell.ring();
  };

  async function* outgoing(signal: AbortSignal): AsyncGenerator<WrittenBatch> {
    let batch: Batch | undefined;
    const available = () => {
      batch ??= outbox.next();
      return batch !== undefined;
    };
    let first = true;
    while (await bell.until(available, signal)) {
      const { sequence, records } = batch!;
      beforeSend();
      yield { producerId: first ? producerId : '', sequence, records };
      first = false;
      batch = undefined;
    }
  }

  const running = keepConnected({
    address: recorder,
    stream: 'publish',
    log,
    signal: ended.signal,
    async open(signal, established) {
      outbox.rewind();
      for await (const answer of connection.client.publish(outgoing(signal), { signal })) {
        established();
        outbox.acknowledge(answer.durableSequence);
        lossReported &&= outbox.pending > 0;
        bell.ring();
      }
    },
  });

  const flush = async (signal?: AbortSignal) => {
    seal();
    const target = outbox.lastSequence;
    const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    if (!(await bell.until(() => outbox.settled(target), stop))) stop.throwIfAborted();
  };

  return {
    publish(kind, channel, line) {
      if (ended.signal.aborted) {
        lose(kind, channel, line, 'the publisher is closed');
        return;
      }
      const before = outbox.lastSequence;
      outbox.append(kind, channel, line);
      if (outbox.lastSequence !== before) bell.ring();
      if (outbox.filling) timer ??= setTimeout(seal, maxWait);
    },
    flush,
    get sequence() {
      return outbox.lastSequence + (outbox.filling ? 1 : 0);
    },
    lost,
    onLost: listener => {
      listeners.push(listener);
    },
    beforeSend(listener) {
      beforeSend = listener;
    },
    async [Symbol.asyncDispose]() {
      await flush(AbortSignal.timeout((options.closeTimeout ?? 5) * 1000)).catch(() => {
        log.error({ producer: producerId, records: outbox.pending }, 'the recorder did not take all records in time');
      });
      clearTimeout(timer);
      ended.abort();
      await running;
      connection[Symbol.dispose]();
    },
  };
}
