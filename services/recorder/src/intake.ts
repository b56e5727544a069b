import type { Record as LineRecord } from '@galileo/proto/recorder';
import { type Book, createFiling, type Sink } from '@galileo/reconcile';
import type { Clock, Logger } from '@galileo/service';
import { splitHeaders } from '@galileo/wire';
import type { Committer, Progress } from './committer.ts';

/** Numbers of records since the start. */
export interface IntakeFigures {
  /** Records that arrived, without resent ones. */
  records: number;
  /** Batches that had arrived before. */
  resentBatches: number;
  /** Dead letters, per reason. */
  readonly deadLetters: Map<string, number>;
  /** Records on channels that are none of Galileo's. */
  unknownChannels: number;
}

export interface Intake {
  readonly figures: IntakeFigures;
  /** How far the producer has come; 0 and 0 for one that nobody has seen. */
  progress(producerId: string): Progress;
  /** Goes on where the book of an earlier run ends. */
  resume(book: Book): void;
  /** Takes a batch, unless it was taken before: files its records in the open recordings and hands the rows to the committer. */
  take(progress: Progress, sequence: number, records: readonly LineRecord[]): void;
}

export interface IntakeOptions {
  /** The recordings that are open now. */
  books(): readonly Book[];
  readonly committer: Committer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the way of records from a batch to the rows of the next transaction. */
export function createIntake(options: IntakeOptions): Intake {
  const { committer, clock, log } = options;
  const producers = new Map<string, Progress>();
  const figures: IntakeFigures = { records: 0, resentBatches: 0, deadLetters: new Map(), unknownChannels: 0 };

  const sinkOf = (producer: string): Sink => {
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
      deadLetter({ recordingId }, kind, reason, channel, line) {
        figures.deadLetters.set(reason, (figures.deadLetters.get(reason) ?? 0) + 1);
        rows.deadLetters.push({ expId: recordingId, kind, producer, reason, channel, line, at: clock.now() });
      },
    };
  };

  const noteUnknownChannel = (producer: string, channel: string) => {
    if (figures.unknownChannels === 0)
      log.warn({ producer, channel }, 'a record on a channel that is none of Galileo’s is dropped');
    figures.unknownChannels++;
  };

  const progressOf = (producerId: string) => {
    let progress = producers.get(producerId);
    if (progress === undefined) {
      progress = { producerId, accepted: 0, durable: 0 };
      producers.set(producerId, progress);
    }
    return progress;
  };

  return {
    figures,
    progress: progressOf,
    resume(book) {
      for (const { producerId, sequence } of book.accounts.values()) {
        const progress = progressOf(producerId);
        progress.accepted = Math.max(progress.accepted, sequence);
        progress.durable = progress.accepted;
      }
    },
    take(progress, sequence, records) {
      if (sequence <= progress.accepted) {
        figures.resentBatches++;
        return;
      }
      const { producerId } = progress;
      progress.accepted = sequence;
      figures.records += records.length;
      const books = options.books();
      if (books.length > 0) {
        const filing = createFiling(books, producerId, sequence, sinkOf(producerId));
        for (const { channel, line } of records) {
          if (!filing.file(channel, line.toString())) noteUnknownChannel(producerId, channel);
        }
        // A book whose account has come this far holds records of this batch.
        for (const book of books) {
          if (book.accounts.get(producerId)?.sequence === sequence || book.strangers.has(producerId)) committer.touch(book);
        }
      }
      committer.advance(progress);
    },
  };
}
