import type { LineBatch } from '@galileo/bus';
import { type Book, createFiling, placesOf } from '@galileo/reconcile';
import type { Clock, Logger } from '@galileo/service';
import type { Committer, Progress } from './committer.ts';
import { type IntakeFigures, rowSink } from './sink.ts';

export interface Intake {
  /** How far the producer has come; 0 and 0 for one that nobody has seen. */
  progress(producerId: string): Progress;
  /** Goes on where the book of an earlier run ends. */
  resume(book: Book): void;
  /** Takes a batch, unless it was taken before: files its records in the open recordings and hands the rows to the committer. */
  take(progress: Progress, batch: LineBatch): void;
}

export interface IntakeOptions {
  /** The recordings that are open now. */
  books(): readonly Book[];
  readonly committer: Committer;
  readonly figures: IntakeFigures;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the way of records from a batch to the rows of the next transaction. */
export function createIntake(options: IntakeOptions): Intake {
  const { committer, figures, clock, log } = options;
  const producers = new Map<string, Progress>();
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
    progress: progressOf,
    resume(book) {
      for (const { producerId, sequence } of book.accounts.values()) {
        const progress = progressOf(producerId);
        progress.accepted = Math.max(progress.accepted, sequence);
        progress.durable = progress.accepted;
      }
    },
    take(progress, { sequence, channels, lines }) {
      if (sequence <= progress.accepted) {
        figures.resentBatches++;
        return;
      }
      const { producerId } = progress;
      progress.accepted = sequence;
      figures.records += lines.length;
      const books = options.books();
      if (books.length > 0) {
        const places = placesOf(books, producerId);
        const sink = rowSink({ committer, clock, figures });
        const filing = createFiling({ books, places: () => places, producerId, sequence, sink });
        for (let i = 0; i < lines.length; i++) {
          if (filing.file(channels[i]!, lines[i]!) === 'foreign') noteUnknownChannel(producerId, channels[i]!);
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
