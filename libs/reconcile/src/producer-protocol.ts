import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { ReconcileRequest, ReconcileResponse, Statement } from '@galileo/proto/recorder';
import {
  eventChannel,
  formatEvent,
  formatTelemetry,
  formatTrace,
  type GalileoEvent,
  parseEvent,
  parseTelemetry,
  parseTrace,
  type TelemetrySample,
  type Trace,
  telemetryChannel,
  traceChannel,
  WireError,
} from '@galileo/wire';
import { addCounter, type Counters } from './counters.ts';
import { createFigures, type Figures } from './figures.ts';
import { everything, kindNumber } from './filter.ts';
import { parseRequestId } from './request-id.ts';
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
  /** Is there nothing of this producer in a recording? */
  isEmpty(recordingId: string): boolean;
  /** Is a recording open, or not settled yet? */
  isRecording(): boolean;
  /** The interval of a recording is settled and durable. */
  settled(recordingId: string): readonly ReconcileRequest[];
  /** Statements that are due. */
  statements(now: number): readonly ReconcileRequest[];
  /** Sources of records that have come up since the last call, or since the stream was opened. */
  sources(): readonly ReconcileRequest[];
  /** The producer ends: closes every interval. */
  end(now: number): Reaction;
  /** Remembers a client instance. */
  openClient(token: string): void;
  /** @throws TypeError if the request id is not `<token>:<counter>`. */
  trace(trace: Trace): Line | WireError;
  unrecorded(token: string, counter: number): void;
  telemetry(sample: TelemetrySample): Line | WireError;
  event(event: GalileoEvent): Line | WireError;
  /** A line that was counted will never be published. */
  lost(kind: RecordKindName, channel: string, line: string): void;
}

interface Recording {
  readonly figures: Figures;
  phase: 'open' | 'closing' | 'final';
}

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

function attempt(format: () => Line): Line | WireError {
  try {
    return format();
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
}

/** Makes the state machine of a producer that has produced nothing yet. */
export function createProducerProtocol(options: ProtocolOptions): ProducerProtocol {
  const { producerId, service, node } = options;
  const recordings = new Map<string, Recording>();
  /** Per client instance the counters that are published or settled without a record. */
  const settledCounters = new Map<string, Counters>();
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

  const add = (recordingId: string, filter = everything, now = 0): Recording => {
    const recording: Recording = {
      figures: createFigures({ recordingId, producerId, filter, from: begin(now) }),
      phase: 'open',
    };
    recordings.set(recordingId, recording);
    return recording;
  };

  const forgetOldFinals = () => {
    const finals = [...recordings].filter(([, recording]) => recording.phase === 'final');
    for (const [id] of finals.slice(0, -rememberedFinals)) recordings.delete(id);
  };

  const whatWasSaid = ({ figures, phase }: Recording): ReconcileRequest[] => [
    ...(figures.to === undefined ? [] : [closed(figures, figures.to)]),
    ...(phase === 'final' ? [stated(figures.finalStatement(countersOf))] : []),
  ];

  const reaction = (part: Partial<Reaction>): Reaction => ({ send: [], settle: [], synchronised: false, ...part });

  const close = (recording: Recording, now: number): Reaction => {
    const { figures } = recording;
    if (recording.phase !== 'open') return reaction({ send: whatWasSaid(recording) });
    recording.phase = 'closing';
    const to = figures.close(now);
    return reaction({ send: [closed(figures, to)], settle: [{ recordingId: figures.recordingId, to }] });
  };

  return {
    connected() {
      announced.clear();
      newSources = [];
      const known = recordKinds.flatMap(kind => [...sources[kind]].map(name => sourced(kind, name)));
      return [{ message: { $case: 'hello', value: { producerId, service, node, clockOnly: false } } }, ...known];
    },

    receive({ message }, now) {
      if (message === undefined) {
        // The recorder has named all recordings that are open to it: others have ended without this producer.
        for (const id of recordings.keys()) if (!announced.has(id)) recordings.delete(id);
        return reaction({ synchronised: true });
      }
      const { recordingId } = message.value;
      const known = recordings.get(recordingId);
      if (message.$case === 'open') {
        announced.add(recordingId);
        const recording = known ?? add(recordingId, message.value.filter, now);
        recording.figures.restate();
        return reaction({ send: [opened(recording.figures), ...whatWasSaid(recording)] });
      }
      if (known !== undefined) return close(known, now);
      // Never opened here, so nothing was produced for it.
      const { figures } = add(recordingId, everything, now);
      recordings.delete(recordingId);
      return reaction({
        send: [opened(figures), closed(figures, figures.close(figures.from)), stated(figures.finalStatement(countersOf))],
      });
    },

    isEmpty: recordingId => recordings.get(recordingId)?.figures.empty ?? true,
    isRecording: () => [...recordings.values()].some(({ phase }) => phase !== 'final'),

    settled(recordingId) {
      const recording = recordings.get(recordingId);
      if (recording?.phase !== 'closing') return [];
      recording.phase = 'final';
      forgetOldFinals();
      return [stated(recording.figures.finalStatement(countersOf))];
    },

    statements(now) {
      const messages: ReconcileRequest[] = [];
      for (const { figures, phase } of recordings.values()) {
        if (phase !== 'final') {
          const statement = figures.statement(now, countersOf);
          if (statement !== undefined) messages.push(stated(statement));
        } else if (figures.changed) messages.push(stated(figures.finalStatement(countersOf)));
      }
      return messages;
    },

    end(now) {
      const reactions = [...recordings.values()].filter(({ phase }) => phase === 'open').map(recording => close(recording, now));
      return reaction({ send: reactions.flatMap(({ send }) => send), settle: reactions.flatMap(({ settle }) => settle) });
    },

    sources() {
      if (newSources.length === 0) return noMessages;
      const messages = newSources;
      newSources = [];
      return messages;
    },

    openClient: token => {
      countersOf(token);
      noteSource('trace', token);
    },

    trace(trace) {
      const id = parseRequestId(trace.requestId);
      if (id === undefined)
        throw new TypeError(`request id: found ${JSON.stringify(trace.requestId)}; allowed: <token>:<counter>`);
      const line = attempt(() => ({ channel: traceChannel, line: formatTrace(trace) }));
      const created = timeOnWire(trace.created);
      addCounter(countersOf(id.token), id.counter);
      noteSource('trace', id.token);
      for (const { figures } of recordings.values()) {
        if (!figures.predicate.trace(trace.service, trace.client) || !figures.covers(created)) continue;
        figures.trace(trace.client, id.token, id.counter, created);
        if (line instanceof WireError) figures.lost('trace');
      }
      noteTime(created);
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

    lost(kind, channel, line) {
      const concerns = (figures: Figures): boolean => {
        if (kind === 'trace') {
          const trace = parseTrace(line);
          return (
            trace.ok && figures.predicate.trace(trace.value.service, trace.value.client) && figures.covers(trace.value.created)
          );
        }
        if (kind === 'telemetry') {
          const sample = parseTelemetry(channel, line);
          return sample.ok && figures.predicate.telemetry(sample.value.node) && figures.covers(sample.value.timestamp);
        }
        const event = parseEvent(line);
        return event.ok && figures.predicate.event() && figures.covers(event.value.timestamp);
      };
      for (const { figures } of recordings.values()) if (concerns(figures)) figures.lost(kind);
    },
  };
}
