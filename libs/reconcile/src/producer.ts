import { setTimeout as sleep } from 'node:timers/promises';
import { createDoorbell, keepConnected, type Publisher, type RecordKindName } from '@galileo/bus';
import { type ReconcileRequest, RecorderDefinition } from '@galileo/proto/recorder';
import { type Credentials, connect, type Logger, type ProcessClock } from '@galileo/service';
import { type GalileoEvent, type TelemetrySample, type Trace, WireError } from '@galileo/wire';
import { createClockSync } from './clock-sync.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { type ClosedInterval, createProducerProtocol, type Line, type Reaction } from './producer-protocol.ts';

export interface ProducerOptions {
  /** Carries the lines; stays the caller's and is disposed after the producer. */
  readonly publisher: Publisher;
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  /** What the calls identify themselves with. */
  readonly credentials: Credentials;
  /** Kind of service: client, telemd, orchestrator. */
  readonly service: string;
  readonly node: string;
  /** The producer's id, made by `producerId`; the publisher must have the same. */
  readonly id: string;
  /** Keeps its anchor while a recording is open. */
  readonly clock: ProcessClock;
  /** Seconds between two estimates of the clock; 5 unless told. */
  readonly clockInterval?: number;
  readonly log: Logger;
  /**
   * Waits until every record before `to` (UNIX seconds, own time) has been given to the producer: requests in flight,
   * samples being taken. Called when a recording closes. If it rejects, no final figures are sent.
   */
  readonly settle?: (to: number, signal: AbortSignal) => Promise<void>;
}

/** Counts what a service produces, publishes it and states it to the recorder. Disposing it closes its intervals first. */
export interface Producer extends AsyncDisposable {
  readonly id: string;
  /**
   * Resolves when the recorder has been reached and the recordings that are open are known.
   * @throws the reason of `signal` when that aborts first.
   */
  ready(signal?: AbortSignal): Promise<void>;
  /** Tells whether the recorder is reached: at once, and at every change. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Announces a client instance; its request ids are `<token>:<counter>` with counters from 1. */
  openClient(client: { clientId: string; service: string; token: string }): void;
  /** Counts and publishes a trace. @throws TypeError if its request id is not `<token>:<counter>`. */
  trace(trace: Trace): void;
  /** A request has ended of which no record is made (tracing paused). */
  unrecorded(token: string, counter: number): void;
  /** Counts and publishes a sample. */
  telemetry(sample: TelemetrySample): void;
  /** Counts and publishes an event. */
  event(event: GalileoEvent): void;
}

/** Seconds between two statements. */
const statementInterval = 2;

/** Longest time that disposal waits for its intervals to settle, and then for the stream to end, seconds. */
const settleLimit = 4;
const endLimit = 1;

/** Starts a producer. It connects in the background and may be used at once. */
export function startProducer(options: ProducerOptions): Producer {
  const { publisher, recorder, log, clock, id } = options;
  const protocol = createProducerProtocol({ producerId: id, service: options.service, node: options.node });
  const connection = connect(RecorderDefinition, recorder, { credentials: options.credentials });
  const ended = new AbortController();
  const bell = createDoorbell();
  const listeners: ((connected: boolean) => void)[] = [];
  let outgoing: Mailbox<ReconcileRequest> | undefined;
  let synchronised = false;
  let ending = false;

  const setSynchronised = (value: boolean) => {
    if (synchronised === value) return;
    synchronised = value;
    bell.ring();
    for (const listener of listeners) listener(value);
  };

  // Without a stream messages are dropped: the recorder asks for all of it when there is one again.
  const send = (messages: readonly ReconcileRequest[]) => {
    for (const message of messages) outgoing?.send(message);
  };

  const clockSync = createClockSync({
    ...{ connection, clock, log, ...(options.clockInterval !== undefined && { interval: options.clockInterval }) },
    onEstimate: value => send([{ message: { $case: 'clock', value } }]),
  });
  const kept = clock.keepAnchorWhile(() => protocol.isRecording());

  const settle = async ({ recordingId, to }: ClosedInterval) => {
    try {
      await options.settle?.(to, ended.signal);
      // Who has nothing in a recording must not keep it waiting: its other records may be held up for long.
      if (!protocol.isEmpty(recordingId)) await publisher.flush(ended.signal);
      send(protocol.settled(recordingId));
    } catch (error) {
      log.error({ err: error, recording: recordingId, producer: id }, 'the recording was not settled: no final figures');
    }
  };

  const react = (reaction: Reaction) => {
    send(reaction.send);
    if (reaction.synchronised) setSynchronised(true);
    return reaction.settle.map(settle);
  };

  const carryStream = async (signal: AbortSignal, established: () => void) => {
    const mailbox = createMailbox<ReconcileRequest>();
    outgoing = mailbox;
    send(protocol.connected());
    try {
      for await (const message of connection.client.reconcile(mailbox.messages(signal), { signal })) {
        const before = synchronised;
        // An interval begins or ends: the clock must be right now, and how it relates to the recorder's is told first.
        if (message.message !== undefined) clockSync.tell();
        react(protocol.receive(message, clock.now()));
        if (synchronised && !before) {
          established();
          clockSync.run(signal);
        }
      }
    } finally {
      outgoing = undefined;
      if (ending) ended.abort();
      setSynchronised(false);
    }
  };

  const running = keepConnected({ address: recorder, stream: 'reconcile', log, signal: ended.signal, open: carryStream });
  const timer = setInterval(() => send(synchronised ? protocol.statements(clock.now()) : []), statementInterval * 1000);
  publisher.onLost((kind, channel, line) => protocol.lost(kind, channel, line));

  const refused = new Set<string>();
  const publish = (kind: RecordKindName, line: Line | WireError) => {
    send(protocol.sources());
    if (!(line instanceof WireError)) {
      publisher.publish(kind, line.channel, line.line);
      return;
    }
    const level = refused.has(`${kind} ${line.field}`) ? 'debug' : 'error';
    refused.add(`${kind} ${line.field}`);
    log[level]({ kind, reason: line.message }, 'a record that no line can hold is lost');
  };

  return {
    id,
    async ready(signal) {
      const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
      if (!(await bell.until(() => synchronised, stop))) stop.throwIfAborted();
    },
    onConnection(listener) {
      listeners.push(listener);
      listener(synchronised);
    },
    openClient({ token }) {
      protocol.openClient(token);
      send(protocol.sources());
    },
    trace: trace => publish('trace', protocol.trace(trace)),
    unrecorded: (token, counter) => protocol.unrecorded(token, counter),
    telemetry: sample => publish('telemetry', protocol.telemetry(sample)),
    event: event => publish('event', protocol.event(event)),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      if (synchronised) {
        const settling = Promise.all(react(protocol.end(clock.now())));
        await Promise.race([settling, sleep(settleLimit * 1000, undefined, { ref: false })]);
        ending = true;
        outgoing?.end();
        await bell.until(() => !synchronised, undefined, endLimit);
      }
      ended.abort();
      await running;
      kept[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}
