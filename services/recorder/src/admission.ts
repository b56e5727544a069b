import type { Doorbell } from '@galileo/bus';
import { type Book, knowsInterval } from '@galileo/reconcile';
import type { Logger } from '@galileo/service';
import type { Committer } from './committer.ts';
import type { Recordings } from './recordings.ts';
import type { Sessions } from './sessions.ts';

/** Decides when a producer's next batch can be taken. */
export interface Admission {
  /**
   * Waits until there is room, and until the producer's interval is known in every open recording: records and intervals
   * travel on different streams, and a record that came first would be filed wrongly.
   * @returns false if `signal` aborted before.
   */
  wait(producerId: string, signal: AbortSignal): Promise<boolean>;
}

export interface AdmissionOptions {
  readonly recordings: Pick<Recordings, 'books'>;
  readonly sessions: Pick<Sessions, 'get'>;
  readonly committer: Pick<Committer, 'hasRoom'>;
  readonly bell: Doorbell;
  readonly log: Logger;
  /** Seconds that a producer has to connect its control stream before its records count as belonging to no recording. */
  readonly grace: number;
}

/** Makes the gate before the intake. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { recordings, sessions, committer, bell, log, grace } = options;
  const excluded = new WeakMap<Book, Set<string>>();

  const awaited = (producerId: string) =>
    recordings.books().filter(book => !knowsInterval(book, producerId) && !excluded.get(book)?.has(producerId));

  const exclude = (book: Book, producerId: string) => {
    const others = excluded.get(book) ?? new Set();
    excluded.set(book, others.add(producerId));
    log.warn({ recording: book.recordingId, producer: producerId }, 'a producer publishes, but does not say since when');
  };

  return {
    async wait(producerId, signal) {
      const ready = () => committer.hasRoom() && awaited(producerId).length === 0;
      while (!(await bell.until(ready, signal, grace))) {
        if (signal.aborted) return false;
        if (sessions.get(producerId) !== undefined) continue;
        for (const book of awaited(producerId)) exclude(book, producerId);
      }
      return true;
    },
  };
}
