import { createDoorbell, type Publisher, type RecordKindName } from '@galileo/bus';
import { RecorderDefinition } from '@galileo/proto/recorder';
import { ConfigError, type Credentials, connect, type Logger, type ProcessClock } from '@galileo/service';
import {
  createTraceWriter,
  type GalileoEvent,
  type InstanceTrace,
  type TelemetrySample,
  type Trace,
  type TraceOrigin,
  traceChannel,
  traceOrigin,
  WireError,
} from '@galileo/wire';
import type { Estimate } from './clock-estimate.ts';
import { createClockSync } from './clock-sync.ts';
import { isNeeded, speakForPredecessor } from './predecessor.ts';
import { attempt, type ClientInstance, type ClosedInterval, createProducerProtocol, type Line } from './producer-protocol.ts';
import { createReconcileStream } from './reconcile-stream.ts';
import type { Identity } from './spool/contents.ts';
import { SpoolError, SpoolLockedError } from './spool/errors.ts';
import { type Dropped, openSpool, type Spool, type SpoolOptions } from './spool/spool.ts';
import { type SpoolSettings, spoolVariables } from './spool-settings.ts';

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
  /** Where what was published is kept until it is durable. */
  readonly spool: SpoolSettings;
  /** Seconds between two estimates of the clock; 5 unless told. */
  readonly clockInterval?: number;
  readonly log: Logger;
  /**
   * Waits until every record before `to` (UNIX seconds, own time) has been given to the producer: requests in flight,
   * samples being taken. Called when a recording closes. If it rejects, no final figures are sent.
   */
  readonly settle?: (to: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Counts what a service produces, keeps it in its spool, publishes it and states it to the recorder. Disposing it closes its
 * intervals first; what is not durable by then stays in the spool for the next producer of the directory.
 */
export interface Producer extends AsyncDisposable {
  readonly id: string;
  /**
   * Resolves when the recorder has been reached and the recordings that are open are known.
   * @throws the reason of `signal` when that aborts first.
   */
  ready(signal?: AbortSignal): Promise<void>;
  /** How the own clock relates to the recorder's now; undefined while that is not known. */
  clockEstimate(): Estimate | undefined;
  /** Tells whether the recorder is reached: at once, and at every change. */
  onConnection(listener: (connected: boolean) => void): void;
  /**
   * Announces a client instance; its request ids are `<token>:<counter>` with counters from 1.
   * @returns the same as `issued`, `trace` and `unrecorded` for this client alone, at less cost.
   */
  openClient(client: ClientInstance): ClientProducer;
  /** A request is about to be sent under this counter, so that it is known to have been on the way if the process is killed. */
  issued(token: string, counter: number): void;
  /** Counts and publishes a trace. @throws TypeError if its request id is not `<token>:<counter>`. */
  trace(trace: Trace): void;
  /** A request has ended of which no record is made (tracing paused). */
  unrecorded(token: string, counter: number): void;
  /** Counts and publishes a sample. */
  telemetry(sample: TelemetrySample): void;
  /** Counts and publishes an event. */
  event(event: GalileoEvent): void;
}

/** Publishes the traces of one client instance. */
interface ClientProducer {
  /** A request is about to be sent under this counter. */
  issued(counter: number): void;
  /** Counts and publishes a trace; `expId` and `server` as in `Trace`. */
  trace(trace: InstanceTrace): void;
  /** A request has ended of which no record is made. */
  unrecorded(counter: number): void;
}

/** Seconds between two statements. */
const statementInterval = 2;

/** Counters are noted for the requests of so many milliseconds ahead, but at least and at most for so many. */
const issuedTime = 10;
const leastAhead = 8;
const mostAhead = 512;

/** Counters that were given to the requests of a client instance: the last one, and up to which one they are noted. */
interface Given {
  last: number;
  noted: number;
  /** How many were noted at once, and when: milliseconds of the monotonic clock. */
  ahead: number;
  at: number;
}

/** Most producers of one service and node on a machine. */
const maxSpools = 64;

/** Without a recording what was published is kept for so many seconds. */
const preRoll = 60;

/** Longest time that disposal waits for its intervals to settle and to be durable, and then for the stream to end, seconds. */
const settleLimit = 4;
const endLimit = 1;

/**
 * Opens the first of the directories `<directory>`, `<directory>.2`, … that no other process has.
 * @throws ConfigError that names the variable, the directory and what is wrong with it
 */
function openFreeSpool(options: SpoolOptions): Spool {
  for (let number = 1; ; number++) {
    try {
      return openSpool(number === 1 ? options : { ...options, directory: `${options.directory}.${number}` });
    } catch (error) {
      if (error instanceof SpoolLockedError && number < maxSpools) continue;
      if (!(error instanceof SpoolError)) throw error;
      throw new ConfigError([
        `${spoolVariables.spoolDir.env}: ${error.message}; allowed: a directory that this user may make and write`,
      ]);
    }
  }
}

/**
 * Starts a producer. It connects in the background and may be used at once. What an earlier one left in the spool is stated
 * and sent again under its own id.
 * @throws ConfigError if the spool can't be used
 */
export function startProducer(options: ProducerOptions): Producer {
  const { publisher, recorder, log, clock, id, credentials, service, node } = options;
  const { now } = clock;
  const onDropped = ({ producerId, reason, records, missing }: Dropped) => {
    const count = records.length + (missing?.records ?? 0);
    log.error({ producer: producerId, reason, records: count }, 'records were dropped from the spool before they were durable');
    // They have been counted, and whoever goes on for this process could not do so again.
    if (producerId === id) spool.saveState(protocol.state(spool.next));
  };
  const spool = openFreeSpool({ ...options.spool, producerId: id, now, log, onDropped });
  const leftovers = spool.leftovers().filter(isNeeded);
  for (const leftover of spool.leftovers()) if (!isNeeded(leftover)) leftover.remove();
  const predecessors = leftovers.map(({ producerId }) => producerId);
  const protocol = createProducerProtocol({
    ...{ producerId: id, service, node, predecessors },
    onReopened: () => save(),
  });
  const connection = connect(RecorderDefinition, recorder, { credentials });
  const ended = new AbortController();
  const bell = createDoorbell();
  const listeners: ((connected: boolean) => void)[] = [];
  let synchronised = false;
  let ending = false;

  let scheduled: NodeJS.Immediate | undefined;
  /** What was appended to the spool is written: at the end of the turn, and before it leaves the process. */
  const commit = () => {
    clearImmediate(scheduled);
    scheduled = undefined;
    spool.commit();
  };
  publisher.beforeSend(commit);

  let saved = '';
  /** What was published before it needs no segment to be counted again. */
  let countedTo = 0;
  const save = () => {
    commit();
    const state = protocol.state(spool.next);
    // The position alone is worth no write.
    const text = JSON.stringify({ ...state, position: 0 });
    if (text !== saved && !spool.saveState(state)) return;
    saved = text;
    countedTo = state.position;
  };

  /** Counters given to requests. They are noted some ahead, since each note is a system call. */
  const given = new Map<string, Given>();
  const issuedOf = (token: string) => {
    let counters = given.get(token);
    if (counters === undefined) {
      counters = { last: 0, noted: 0, ahead: leastAhead, at: 0 };
      given.set(token, counters);
    }
    return counters;
  };
  const issue = (token: string, counters: Given, counter: number) => {
    counters.last = counter;
    if (counter <= counters.noted) return;
    const time = performance.now();
    const passed = time - counters.at;
    // As many as were sent in that time, by the pace since the last note; a short burst must not make it many.
    const paced = Math.ceil((counters.ahead * issuedTime) / passed);
    counters.ahead = Math.max(leastAhead, Math.min(paced, 2 * counters.ahead, mostAhead));
    counters.at = time;
    counters.noted = counter + counters.ahead - 1;
    spool.issue(token, counters.noted);
  };

  const stream = createReconcileStream({
    ...{ client: connection.client, recorder, protocol, clock, log, save },
    read: wanted => spool.read(0, wanted),
    sequence: () => publisher.sequence,
    onMessage({ message }) {
      // An interval begins or ends: the clock must be right now, and how it relates to the recorder's is told first.
      if (message?.$case === 'open' || message?.$case === 'close') clockSync.tell();
    },
    onReaction(reaction) {
      for (const interval of reaction.settle) settle(interval);
      bell.ring();
    },
    onSynchronised(value, signal) {
      synchronised = value;
      if (value) clockSync.run(signal);
      else if (ending) ended.abort();
      bell.ring();
      for (const listener of listeners) listener(value);
    },
  });

  const clockSync = createClockSync({
    ...{ connection, clock, log, ...(options.clockInterval !== undefined && { interval: options.clockInterval }) },
    onEstimate: value => stream.send([{ message: { $case: 'clock', value } }]),
  });
  const kept = clock.keepAnchorWhile(() => protocol.isRecording());

  const settle = async ({ recordingId, to }: ClosedInterval) => {
    try {
      await options.settle?.(to, ended.signal);
      commit();
      const messages = protocol.settled(recordingId);
      save();
      stream.send(messages);
    } catch (error) {
      log.error({ err: error, recording: recordingId, producer: id }, 'the recording was not settled: no final figures');
    }
  };

  const report = () => {
    commit();
    if (synchronised) stream.send(protocol.statements(now()));
    if (protocol.isDurable()) spool.discardBefore(now() - preRoll);
    else {
      save();
      spool.release(countedTo, protocol.needs);
    }
  };

  const running = stream.run(ended.signal);
  const speaking = leftovers.map(leftover =>
    speakForPredecessor({ leftover, connection, recorder, service, node, clock, log, signal: ended.signal }),
  );
  const timer = setInterval(report, statementInterval * 1000);

  const refused = new Set<string>();
  const publish = (kind: RecordKindName, channel: string, line: string | WireError, identity?: Identity) => {
    stream.send(protocol.sources());
    if (!(line instanceof WireError)) {
      spool.append(kind, channel, line, identity);
      publisher.publish(kind, channel, line);
      scheduled ??= setImmediate(commit);
      return;
    }
    const level = refused.has(`${kind} ${line.field}`) ? 'debug' : 'error';
    refused.add(`${kind} ${line.field}`);
    log[level]({ kind, reason: line.message }, 'a record that no line can hold is lost');
  };

  const writeTrace = createTraceWriter();
  const lineOf = (origin: TraceOrigin | WireError, trace: InstanceTrace): string | WireError => {
    if (origin instanceof WireError) return origin;
    try {
      return writeTrace(origin, trace);
    } catch (error) {
      if (error instanceof WireError) return error;
      throw error;
    }
  };
  const openClient = (client: ClientInstance): ClientProducer => {
    const { token, clientId } = client;
    const count = protocol.openClient(client);
    stream.send(protocol.sources());
    const counters = issuedOf(token);
    const origin = attempt(() => traceOrigin(token, clientId, client.service));
    return {
      issued: counter => issue(token, counters, counter),
      trace(trace) {
        const line = lineOf(origin, trace);
        count.trace(trace.counter, trace.created, line instanceof WireError);
        publish('trace', traceChannel, line, { kind: 'trace', source: token, number: trace.counter });
      },
      unrecorded: count.unrecorded,
    };
  };

  const publishLine = (kind: RecordKindName, line: Line | WireError) => {
    if (line instanceof WireError) publish(kind, '', line);
    else publish(kind, line.channel, line.line);
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
    clockEstimate: () => clockSync.estimate(),
    openClient,
    issued: (token, counter) => issue(token, issuedOf(token), counter),
    trace: trace => publishLine('trace', protocol.trace(trace)),
    unrecorded: (token, counter) => protocol.unrecorded(token, counter),
    telemetry: sample => publishLine('telemetry', protocol.telemetry(sample)),
    event: event => publishLine('event', protocol.event(event)),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      commit();
      if (synchronised) {
        stream.react(protocol.end(now()));
        await bell.until(protocol.isDurable, undefined, settleLimit);
        ending = true;
        stream.end();
        await bell.until(() => !synchronised, undefined, endLimit);
      }
      ended.abort();
      await Promise.all([running, ...speaking]);
      if (protocol.isDurable() || protocol.state(spool.next).recordings.length === 0) spool.remove();
      else {
        for (const [token, { last }] of given) spool.issue(token, last);
        save();
      }
      // What the publisher still sends is told to nobody: the spool would make its directory anew.
      publisher.beforeSend(() => {});
      spool[Symbol.dispose]();
      kept[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}
