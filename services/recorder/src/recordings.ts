import type { Doorbell } from '@galileo/bus';
import type { ExperimentStore } from '@galileo/expdb';
import type { Ledger, ReconcileResponse, RecordFilter } from '@galileo/proto/recorder';
import {
  allFinal,
  type Book,
  BookStateError,
  createBook,
  doubtsAbout,
  finalLedger,
  provisionalLedger,
  readBook,
} from '@galileo/reconcile';
import type { Clock, Logger } from '@galileo/service';
import type { Committer } from './committer.ts';
import { NoRecordingError, RecordingExistsError, StoppingError } from './errors.ts';
import { readRowDetails } from './row-details.ts';
import type { Sessions } from './sessions.ts';

/** A recording as it stands. Times are the recorder's, UNIX seconds. */
interface RecordingView {
  readonly start: number;
  readonly end: number | undefined;
  readonly filter: RecordFilter;
  readonly ledger: Ledger;
}

export interface Recordings {
  /** The recordings that are open, in the order of their start. */
  books(): readonly Book[];
  get(recordingId: string): Book | undefined;
  /** Takes up the recordings that the store has as open, and gives them. */
  restore(): Promise<readonly Book[]>;
  /**
   * Opens a recording at all producers that are connected and waits for their answers, at most `timeout` seconds.
   * @throws RecordingExistsError
   */
  start(id: string, filter: RecordFilter, timeout: number): Promise<{ start: number; producers: string[] }>;
  /**
   * Closes a recording at its producers, waits for their final figures at most `timeout` seconds, and settles the ledger.
   * For one that has ended it gives the ledger that was settled then.
   * @throws NoRecordingError
   */
  stop(id: string, timeout: number): Promise<Ledger>;
  /** @throws NoRecordingError */
  view(id: string): Promise<RecordingView>;
}

export interface RecordingsOptions {
  readonly store: ExperimentStore;
  readonly committer: Committer;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: Logger;
  /** Rung whenever a producer has said something, has come or has gone. */
  readonly bell: Doorbell;
  /** Aborts when the recorder ends. */
  readonly signal: AbortSignal;
}

/** What is said to a producer when a recording begins. */
export const openMessage = ({ recordingId, filter }: Book): ReconcileResponse => ({
  message: { $case: 'open', value: { recordingId, filter } },
});

/** What is said to a producer when a recording ends. */
export const closeMessage = ({ recordingId }: Book): ReconcileResponse => ({
  message: { $case: 'close', value: { recordingId } },
});

/** Makes the register of recordings. */
export function createRecordings(options: RecordingsOptions): Recordings {
  const { store, committer, sessions, clock, log, bell, signal } = options;
  const open = new Map<string, Book>();
  const starting = new Set<string>();
  /** Recordings that take no more records and whose ledger isn't settled yet, with the producers that never opened. */
  const settling = new Map<string, { book: Book; absent: readonly string[] }>();
  const stopping = new Map<string, Promise<Ledger>>();

  const absentFrom = (book: Book) => {
    const absent: string[] = [];
    for (const { producerId } of sessions.all()) if (!book.accounts.has(producerId)) absent.push(producerId);
    return absent;
  };

  const save = (book: Book) => {
    committer.touch(book);
    return committer.flush();
  };

  /** The experiment's row, if nobody has made one: then the recording is an experiment of its own. */
  const ensureExperiment = async (id: string, now: number): Promise<boolean> => {
    if ((await store.experiments.get(id)) !== undefined) return false;
    const texts = { reason: null, file: null, fileName: null, summary: null };
    await store.experiments.insert(
      { id, name: id, creator: 'recorder', start: now, end: null, created: now, status: 'RUNNING', ...texts },
      {},
    );
    return true;
  };

  const begin = async (id: string, filter: RecordFilter): Promise<Book> => {
    const row = await store.recordings.get(id);
    if (row !== undefined) throw new RecordingExistsError(id, row.end !== null);
    const now = clock.now();
    const book = createBook(id, now, filter, await ensureExperiment(id, now));
    // From here on records of producers that have not answered are held back.
    open.set(id, book);
    try {
      await save(book);
    } catch (error) {
      open.delete(id);
      bell.ring();
      throw error;
    }
    return book;
  };

  /** Asks the producers to close and waits for their final figures; then the recording takes no more records. */
  const close = async (book: Book, timeout: number) => {
    book.end ??= clock.now();
    // Stored before the producers are asked: a recorder that comes back in the middle must not file what came after.
    await save(book);
    for (const { mailbox } of sessions.all()) mailbox.send(closeMessage(book));
    const settled = await bell.until(() => allFinal(book) && absentFrom(book).length === 0, signal, timeout);
    if (signal.aborted) throw new StoppingError();
    const absent = absentFrom(book);
    if (!settled) log.warn({ recording: book.recordingId, absent }, 'not all producers gave final figures in time');
    open.delete(book.recordingId);
    settling.set(book.recordingId, { book, absent });
    bell.ring();
  };

  const settle = async (book: Book, absent: readonly string[]): Promise<Ledger> => {
    const id = book.recordingId;
    await committer.flush();
    const counts = await store.counts(id);
    const doubts = doubtsAbout(book, counts);
    const doubtful = doubts.tokens.size + doubts.nodes.size > 0;
    const details = doubtful ? await readRowDetails(store, id, doubts) : undefined;
    const ledger = finalLedger(book, counts, details, absent);
    book.ledger = ledger;
    await save(book);
    if (book.ownsExperiment) await store.experiments.update(id, { status: 'FINISHED', end: book.end ?? clock.now() });
    settling.delete(id);
    log.info({ recording: id, entries: ledger.entries, mismatches: ledger.mismatches.length }, 'recording settled');
    return ledger;
  };

  const stop = async (id: string, timeout: number): Promise<Ledger> => {
    const book = open.get(id);
    if (book !== undefined) await close(book, timeout);
    const closed = settling.get(id);
    if (closed !== undefined) return settle(closed.book, closed.absent);
    const row = await store.recordings.get(id);
    const ledger = row && readBook(row).ledger;
    if (ledger === undefined) throw new NoRecordingError(id);
    return ledger;
  };

  return {
    books: () => [...open.values()],
    get: id => open.get(id),
    async restore() {
      for (const row of await store.recordings.open()) {
        try {
          const book = readBook(row);
          open.set(book.recordingId, book);
          log.info({ recording: book.recordingId, closing: book.end !== undefined }, 'a recording goes on');
        } catch (error) {
          if (!(error instanceof BookStateError)) throw error;
          log.error({ err: error }, 'a recording can’t go on');
        }
      }
      return [...open.values()];
    },
    async start(id, filter, timeout) {
      if (open.has(id) || starting.has(id) || settling.has(id)) throw new RecordingExistsError(id, false);
      starting.add(id);
      const book = await begin(id, filter).finally(() => starting.delete(id));
      for (const { mailbox } of sessions.all()) mailbox.send(openMessage(book));
      const complete = await bell.until(() => absentFrom(book).length === 0, signal, timeout);
      if (signal.aborted) throw new StoppingError();
      if (!complete) log.warn({ recording: id, absent: absentFrom(book) }, 'not all producers opened the recording in time');
      await save(book);
      return { start: clock.now(), producers: [...book.accounts.keys()] };
    },
    stop(id, timeout) {
      const running = stopping.get(id);
      if (running !== undefined) return running;
      const result = stop(id, timeout).finally(() => stopping.delete(id));
      stopping.set(id, result);
      return result;
    },
    async view(id) {
      const book = open.get(id) ?? settling.get(id)?.book;
      if (book !== undefined) {
        const ledger = book.ledger ?? provisionalLedger(book, await store.counts(id));
        return { start: book.start, end: undefined, filter: book.filter, ledger };
      }
      const row = await store.recordings.get(id);
      if (row === undefined) throw new NoRecordingError(id);
      const { start, end, filter, ledger } = readBook(row);
      return { start, end, filter, ledger: ledger ?? { entries: [], final: false, mismatches: [], missingProducers: [] } };
    },
  };
}
