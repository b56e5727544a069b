import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { Missing, ReconcileRequest, ReconcileResponse, RecordFilter, Statement } from '@galileo/proto/recorder';
import {
  eventChannel,
  formatEvent,
  formatTelemetry,
  formatTrace,
  type GalileoEvent,
  type TelemetrySample,
  type Trace,
  telemetryChannel,
  traceChannel,
  WireError,
} from '@galileo/wire';
import { addCounter, type Counters, clip, countOf } from './counters.ts';
import { createFigures, type Figures } from './figures.ts';
import { everything, kindNumber } from './filter.ts';
import { parseRequestId } from './request-id.ts';
import type { Contents } from './spool/contents.ts';
import type { Position } from './spool/segment-format.ts';
import type { FiguresState, ProducerState } from './spool/state.ts';
import { telemetryKey } from './telemetry-key.ts';
import { justAfter, timeOnWire } from './wire-time.ts';

/** A line with the channel that it belongs on. */
export interface Line {
  readonly channel: string;
  readonly line: string;
}

/** An interval that was closed: everything before `to` is to be published, then `settled` is to be called. */
export interface ClosedInterval {
  readonly recordingId: string;
  /** First instant after the interval, in the producer's raw time, UNIX seconds. */
  readonly to: number;
}

/** What follows from a message. */
export interface Reaction {
  readonly send: readonly ReconcileRequest[];
  readonly settle: readonly ClosedInterval[];
  /** The message said that all recordings that are open have been named. */
  readonly synchronised: boolean;
  /** Records that the recorder asks for. */
  readonly missing: Missing | undefined;
  /** Which recordings there are, or how far one is, has changed: the state is to be saved before anything is sent. */
  readonly save: boolean;
}

/**
 * The producer's side of Recorder.Reconcile as a state machine: messages, records and times go in, messages and settlements
 * come out; it knows no stream and no clock.
 *
 * Records are counted before they are published. A record that has no representation on the wire is counted as produced
 * and lost, and gives no line.
 */
export interface ProducerProtocol {
  /** A stream has been opened. */
  connected(): readonly ReconcileRequest[];
  receive(message: ReconcileResponse, now: number): Reaction;
  /** Is a recording open, or not settled yet? */
  isRecording(): boolean;
  /** Is there a record among these that must be kept? Until the recorder has been reached, all of them. */
  needs(contents: Contents): boolean;
  /** Is there no recording of which something must be kept? */
  isDurable(): boolean;
  /** What another process must know to go on; all records before `position` have been counted. */
  state(position: Position): ProducerState;
  /** All records of a recording's interval have been counted. */
  settled(recordingId: string): readonly ReconcileRequest[];
  /** Statements that are due. */
  statements(now: number): readonly ReconcileRequest[];
  /** Sources of records that have come up since the last call, or since the stream was opened. */
  sources(): readonly ReconcileRequest[];
  /** The producer ends: closes every interval, one that has ended before just after its newest record. */
  end(now: number): Reaction;
  /** Remembers a client instance, and gives what counts its requests. */
  openClient(client: ClientInstance): InstanceCount;
  /** @throws TypeError if the request id is not `<token>:<counter>`. */
  trace(trace: Trace): Line | WireError;
  /** A request has ended of which no trace is made. */
  unrecorded(token: string, counter: number): void;
  telemetry(sample: TelemetrySample): Line | WireError;
  event(event: GalileoEvent): Line | WireError;
}

/** A client instance: its request ids are `<token>:<counter>` with counters from 1. */
export interface ClientInstance {
  readonly clientId: string;
  readonly service: string;
  readonly token: string;
}

/** Counts the requests of one client instance. */
interface InstanceCount {
  /** Of this one a trace is made; `created` in UNIX seconds. `isLost`: no line can hold it. */
  trace(counter: number, created: number, isLost: boolean): void;
  /** It has ended, and no trace is made of it. */
  unrecorded(counter: number): void;
}

interface Recording {
  readonly figures: Figures;
  phase: 'open' | 'closing' | 'final';
  /** The recorder has stored the final figures. */
  confirmed: boolean;
}

/**
 * Begin and end of an empty interval: after all times, so that no record of another producer of the same sources can seem to be
 * in it, and always the same.
 */
const never = Number.MAX_VALUE;

/** Recordings with final figures that are remembered, in case the recorder asks again after a restart. */
const rememberedFinals = 16;

const opened = (figures: Figures): ReconcileRequest => ({
  message: { $case: 'opened', value: { recordingId: figures.recordingId, from: figures.from } },
});
const closed = (figures: Figures, to: number): ReconcileRequest => ({
  message: { $case: 'closed', value: { recordingId: figures.recordingId, to } },
});
const sourced = (kind: RecordKindName, name: string): ReconcileRequest => ({
  message: { $case: 'source', value: { kind: kindNumber(kind), name } },
});
const noMessages: readonly ReconcileRequest[] = [];
const stated = (statement: Statement): ReconcileRequest => ({ message: { $case: 'statement', value: statement } });

/** What `make` gives, or the WireError that it throws. */
export function attempt<T>(make: () => T): T | WireError {
  try {
    return make();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

/** Text as UTF-8 gives it back: lone surrogates become U+FFFD. */
const onWire = (text: string) => (text.isWellFormed() ? text : text.toWellFormed());

export interface ProtocolOptions {
  readonly producerId: string;
  readonly service: string;
  readonly node: string;
  /** Ids of earlier producers for which this one's process speaks on other streams. */
  readonly predecessors?: readonly string[];
  /** Figures of a process that has ended: the producer goes on from there, produces nothing more, and opens no interval. */
  readonly ended?: ProducerState;
  /** The state must be saved now, before the record is kept that is being counted. */
  readonly onReopened?: () => void;
  /** Of that process: per token the highest counter that may have been given to a request. */
  readonly issued?: ReadonlyMap<string, number>;
}

/** Makes the state machine of a producer. */
export function createProducerProtocol(options: ProtocolOptions): ProducerProtocol {
  const { producerId, service, node, predecessors = [], ended, issued = new Map<string, number>(), onReopened } = options;
  const recordings = new Map<string, Recording>();
  let reached = ended !== undefined;
  /** Per client instance the counters that are published or settled without a record. */
  const settledCounters = new Map<string, Counters>();
  const clients = new Map<string, ClientInstance>();
  const announced = new Set<string>();
  const sources: Readonly<Record<RecordKindName, Set<string>>> = { trace: new Set(), telemetry: new Set(), event: new Set() };
  let newSources: ReconcileRequest[] = [];
  let newest = Number.NEGATIVE_INFINITY;

  const countersOf = (token: string) => {
    let counters = settledCounters.get(token);
    if (counters === undefined) {
      counters = [];
      settledCounters.set(token, counters);
    }
    return counters;
  };

  const noteSource = (kind: RecordKindName, name: string) => {
    if (sources[kind].has(name)) return;
    sources[kind].add(name);
    newSources.push(sourced(kind, name));
  };

  /** Begin of an interval: after everything that was published before it, even if its time was slightly ahead. */
  const begin = (now: number) => (newest >= now && newest < now + 1 ? justAfter(newest) : now);

  const noteTime = (time: number) => {
    if (time > newest && time < Number.POSITIVE_INFINITY) newest = time;
  };

  const add = (recordingId: string, filter: RecordFilter, from: number, state?: FiguresState): Recording => {
    const figures = createFigures({ recordingId, producerId, filter, from, ...(state && { state }) });
    const recording: Recording = { figures, phase: 'open', confirmed: false };
    recordings.set(recordingId, recording);
    return recording;
  };

  for (const state of ended?.recordings ?? []) {
    add(state.recordingId, state.filter, state.from, state);
    noteTime(state.newest);
  }
  for (const { settled, ...client } of ended?.clients ?? []) {
    clients.set(client.token, client);
    settledCounters.set(client.token, [...settled]);
  }

  /** Requests that may have been on the way when the process was killed. */
  const unsettledIn = ({ predicate }: Figures): number => {
    let count = 0;
    for (const { token, clientId, service: of } of clients.values()) {
      const highest = issued.get(token) ?? 0;
      if (predicate.trace(of, clientId)) count += highest - countOf(clip(countersOf(token), 1, highest));
    }
    return count;
  };

  const finalOf = (figures: Figures) => stated({ ...figures.finalStatement(countersOf), unsettled: unsettledIn(figures) });

  const countTrace = (instance: ClientInstance, counters: Counters, counter: number, time: number, isLost: boolean) => {
    const { clientId, service: of, token } = instance;
    const created = timeOnWire(time);
    addCounter(counters, counter);
    for (const { figures } of recordings.values()) {
      if (!figures.predicate.trace(of, clientId) || !figures.covers(created)) continue;
      figures.trace(clientId, token, counter, created);
      if (isLost) figures.lost('trace');
    }
    noteTime(created);
  };

  const reopen = (source: string | undefined, time: number) => {
    let reopened = false;
    for (const { figures } of recordings.values()) if (figures.covers(time)) reopened = figures.reopen(source, time) || reopened;
    if (reopened) onReopened?.();
  };

  const forgetOldFinals = () => {
    const finals = [...recordings].filter(([, { phase, figures }]) => phase === 'final' && figures.durable);
    for (const [id] of finals.slice(0, -rememberedFinals)) recordings.delete(id);
  };

  const whatWasSaid = ({ figures, phase }: Recording): ReconcileRequest[] => [
    ...(figures.to === undefined ? [] : [closed(figures, figures.to)]),
    ...(phase === 'final' ? [finalOf(figures)] : []),
  ];

  const reaction = (part: Partial<Reaction>): Reaction => ({
    ...{ send: [], settle: [], synchronised: false, missing: undefined, save: false },
    ...part,
  });

  const open = (recording: Recording): Reaction => {
    recording.figures.restate();
    return reaction({ send: [opened(recording.figures), ...whatWasSaid(recording)], save: true });
  };

  const close = (recording: Recording, now: number): Reaction => {
    const { figures } = recording;
    if (recording.phase !== 'open') return reaction({ send: whatWasSaid(recording) });
    recording.phase = 'closing';
    const to = figures.close(ended === undefined ? now : figures.newest);
    return reaction({ send: [closed(figures, to)], settle: [{ recordingId: figures.recordingId, to }], save: true });
  };

  return {
    connected() {
      announced.clear();
      newSources = [];
      const known = recordKinds.flatMap(kind => [...sources[kind]].map(name => sourced(kind, name)));
      return [
        {
          message: {
            $case: 'hello',
            value: { producerId, service, node, clockOnly: false, predecessors: [...predecessors], ended: ended !== undefined },
          },
        },
        ...known,
      ];
    },

    receive({ message }, now) {
      if (message === undefined) {
        // The recorder has named all recordings that are open to it: others have ended without this producer.
        for (const id of recordings.keys()) if (!announced.has(id)) recordings.delete(id);
        reached = true;
        return reaction({ synchronised: true, save: true });
      }
      const { recordingId } = message.value;
      const known = recordings.get(recordingId);
      switch (message.$case) {
        case 'missing':
          return reaction({ missing: message.value });
        case 'durable':
          known?.figures.acknowledge(message.value);
          if (known !== undefined && message.value.final) known.confirmed = true;
          forgetOldFinals();
          return reaction({});
        case 'open':
          announced.add(recordingId);
          if (known === undefined && ended !== undefined) break;
          return open(known ?? add(recordingId, message.value.filter ?? everything, begin(now)));
        case 'close':
          if (known !== undefined) return close(known, now);
      }
      // Never opened here, so nothing was produced for it.
      const { figures } = add(recordingId, everything, never);
      recordings.delete(recordingId);
      return reaction({ send: [opened(figures), closed(figures, never), finalOf(figures)] });
    },

    isRecording: () => [...recordings.values()].some(({ phase }) => phase !== 'final'),
    needs: contents => !reached || [...recordings.values()].some(({ figures }) => figures.needs(contents)),
    isDurable: () => reached && [...recordings.values()].every(({ figures, confirmed }) => confirmed && figures.durable),
    state: position => ({
      position,
      recordings: Array.from(recordings.values(), ({ figures }) => figures.state),
      clients: Array.from(settledCounters, ([token, settled]) => ({
        ...(clients.get(token) ?? { clientId: '', service: '', token }),
        settled,
      })),
    }),

    settled(recordingId) {
      const recording = recordings.get(recordingId);
      if (recording?.phase !== 'closing') return [];
      recording.phase = 'final';
      forgetOldFinals();
      return [finalOf(recording.figures)];
    },

    statements(now) {
      const messages: ReconcileRequest[] = [];
      for (const { figures, phase } of recordings.values()) {
        if (phase !== 'final') {
          const statement = figures.statement(now, countersOf);
          if (statement !== undefined) messages.push(stated(statement));
        } else if (figures.changed) messages.push(finalOf(figures));
      }
      return messages;
    },

    end(now) {
      const reactions = [...recordings.values()].filter(({ phase }) => phase === 'open').map(recording => close(recording, now));
      const [send, settle] = [reactions.flatMap(one => one.send), reactions.flatMap(one => one.settle)];
      return reaction({ send, settle, save: true });
    },

    sources() {
      if (newSources.length === 0) return noMessages;
      const messages = newSources;
      newSources = [];
      return messages;
    },

    openClient(client) {
      const { token } = client;
      clients.set(token, client);
      const counters = countersOf(token);
      noteSource('trace', token);
      return {
        trace: (counter, time, isLost) => countTrace(client, counters, counter, time, isLost),
        unrecorded: counter => void addCounter(counters, counter),
      };
    },

    trace(trace) {
      const id = parseRequestId(trace.requestId);
      if (id === undefined)
        throw new TypeError(`request id: found ${JSON.stringify(trace.requestId)}; allowed: <token>:<counter>`);
      const line = attempt(() => ({ channel: traceChannel, line: formatTrace(trace) }));
      noteSource('trace', id.token);
      const instance = { clientId: trace.client, service: trace.service, token: id.token };
      countTrace(instance, countersOf(id.token), id.counter, trace.created, line instanceof WireError);
      return line;
    },

    unrecorded(token, counter) {
      addCounter(countersOf(token), counter);
    },

    telemetry(sample) {
      const { node: of, metric, subsystem } = sample;
      const line = attempt(() => ({
        channel: onWire(telemetryChannel(of, metric, subsystem)),
        line: formatTelemetry(sample.timestamp, sample.value),
      }));
      const timestamp = timeOnWire(sample.timestamp);
      noteSource('telemetry', of);
      reopen(of, timestamp);
      for (const { figures } of recordings.values()) {
        if (!figures.predicate.telemetry(of) || !figures.covers(timestamp)) continue;
        if (line instanceof WireError) {
          figures.telemetry(of, timestamp, `${of}/${metric}/${subsystem}`, `${timestamp}`);
          figures.lost('telemetry');
        } else figures.telemetry(of, timestamp, line.channel, telemetryKey(line.line));
      }
      noteTime(timestamp);
      return line;
    },

    event(event) {
      const line = attempt(() => ({ channel: eventChannel, line: onWire(formatEvent(event)) }));
      noteSource('event', event.name);
      reopen(undefined, event.timestamp);
      for (const { figures } of recordings.values()) {
        if (!figures.predicate.event() || !figures.covers(event.timestamp)) continue;
        if (line instanceof WireError) {
          figures.event(event.timestamp, event.name, `${event.value}`);
          figures.lost('event');
        } else figures.event(event.timestamp, eventChannel, line.line);
      }
      noteTime(event.timestamp);
      return line;
    },
  };
}
