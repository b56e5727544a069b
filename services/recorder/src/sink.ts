import type { Sink } from '@galileo/reconcile';
import type { Clock } from '@galileo/service';
import { splitHeaders } from '@galileo/wire';
import type { Committer } from './committer.ts';

/** Numbers of records since the start. */
export interface IntakeFigures {
  /** Records that arrived, without resent ones. */
  records: number;
  /** Records that were sent again because they were asked for. */
  resentRecords: number;
  /** Batches that had arrived before. */
  resentBatches: number;
  /** Dead letters, per reason. */
  readonly deadLetters: Map<string, number>;
  /** Records on channels that are none of Galileo's. */
  unknownChannels: number;
  /** Records of the bus that were dropped because the store was too slow for too long. */
  overrun: number;
  /** Records of the bus that wait until it is known to which recordings they belong. */
  held: number;
}

/** Figures of an intake that has taken nothing. */
export function createFigures(): IntakeFigures {
  return { records: 0, resentRecords: 0, resentBatches: 0, deadLetters: new Map(), unknownChannels: 0, overrun: 0, held: 0 };
}

export interface SinkOptions {
  readonly committer: Pick<Committer, 'rows'>;
  readonly clock: Clock;
  readonly figures: IntakeFigures;
}

/** Makes a sink into the rows of the next transaction; it is to be used for one batch only. */
export function rowSink({ committer, clock, figures }: SinkOptions): Sink {
  const rows = committer.rows();
  return {
    telemetry({ recordingId }, { node, metric, subsystem, timestamp, value }) {
      rows.telemetry.push({ expId: recordingId, node, metric, subsystem, timestamp, value });
    },
    trace({ recordingId }, trace) {
      const { headers, details } = splitHeaders(trace.headers);
      rows.traces.push({ ...trace, headers, details, expId: recordingId });
    },
    event({ recordingId }, { timestamp, name, value }) {
      rows.events.push({ expId: recordingId, timestamp, name, value });
    },
    deadLetter({ book, producerId: producer, kind, reason, channel, line }) {
      figures.deadLetters.set(reason, (figures.deadLetters.get(reason) ?? 0) + 1);
      rows.deadLetters.push({ expId: book.recordingId, kind, producer, reason, channel, line, at: clock.now() });
    },
  };
}
