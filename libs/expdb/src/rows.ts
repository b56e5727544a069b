import type { GalileoEvent, TelemetrySample, Trace, TraceDetails } from '@galileo/wire';

// What the store takes and gives. Points in time are UNIX seconds, spans are seconds.

/** An experiment. Its first seven fields are Galileo's table `experiments`, the rest our `experiment_details`. */
export interface Experiment {
  readonly id: string;
  readonly name: string;
  readonly creator: string;
  readonly start: number | null;
  readonly end: number | null;
  readonly created: number;
  readonly status: string;
  /** Why it failed or was cancelled. */
  readonly reason: string | null;
  /** Text of the experiment file, with `${env:NAME}` unresolved. */
  readonly file: string | null;
  readonly fileName: string | null;
  /** JSON text that the orchestrator keeps. */
  readonly summary: string | null;
}

/** A recording of one experiment. */
export interface RecordingState {
  readonly expId: string;
  readonly start: number;
  /** `null` while it is open. */
  readonly end: number | null;
  /** JSON text owned by the recorder: filter, intervals, statements, ledger. */
  readonly state: string;
  /** Buckets to add or to replace; those that are not named stay. */
  readonly archived?: readonly RecordingBucket[];
}

/** What a recording knows of the records of one producer, node and bucket of time. Key: the first four fields. */
export interface RecordingBucket {
  readonly producerId: string;
  readonly kind: 'telemetry' | 'event';
  readonly node: string;
  /** UNIX seconds. */
  readonly begin: number;
  readonly tally: { readonly count: number; readonly high: number; readonly low: number };
  readonly rejected: number;
  readonly version: number;
}

export type RecordKind = 'trace' | 'telemetry' | 'event';

/** One row of telemetry. Key: experiment, timestamp, node, metric and subsystem (none counts as the empty one). */
export type TelemetryRow = TelemetrySample & { readonly expId: string };

/** One trace. Key: experiment and request id. */
export type TraceRow = Trace & { readonly expId: string; readonly details: TraceDetails };

/** One event. Key: experiment, timestamp, name and value (none and the empty one differ). */
export type EventRow = GalileoEvent & { readonly expId: string };

/** A record that can't be stored as what it is. Key: all but reason and time, so that a resent line counts once. */
export interface DeadLetter {
  readonly expId: string;
  readonly kind: RecordKind;
  readonly producer: string;
  /** Short and the same for every record with this fault. */
  readonly reason: string;
  readonly channel: string;
  /** The line as it was published. */
  readonly line: string;
  /** When it was refused. */
  readonly at: number;
}

/** One estimate of a producer's clock. Key: experiment, producer and time. */
export interface ClockOffset {
  readonly expId: string;
  readonly producer: string;
  /** In the producer's raw time. */
  readonly at: number;
  /** What must be added to the producer's time to get the recorder's. */
  readonly offset: number;
  /** Bound of the error of `offset`. */
  readonly uncertainty: number;
  /** Grows with every step of one of the two clocks: between rows of different segments nothing may be interpolated. */
  readonly segment: number;
}

/** Numbers of rows of one experiment, each a COUNT in the database. */
export interface RecordCounts {
  /** Per token, that is what stands before the colon in the request id. */
  readonly traces: ReadonlyMap<string, number>;
  /** Per node. */
  readonly telemetry: ReadonlyMap<string, number>;
  readonly events: number;
  /** Dead letters per kind. */
  readonly rejected: ReadonlyMap<RecordKind, number>;
}

/** A trace without headers and body. `status` is -1 where none was stored. */
export type TraceSummary = Omit<Trace, 'expId' | 'headers' | 'response'> & TraceDetails;
