import type { Doorbell } from '@galileo/bus';
import type { ExperimentStore } from '@galileo/expdb';
import type { Ledger, ReconcileResponse, RecordFilter } from '@galileo/proto/recorder';
import {
  allComplete,
  type Book,
  BookStateError,
  closeInterval,
  createBook,
  doubtsAbout,
  finalLedger,
  isComplete,
  readBook,
  unverifiedId,
} from '@galileo/reconcile';
import type { Logger, ProcessClock } from '@galileo/service';
import type { Committer } from './committer.ts';
import { NoRecordingError, RecordingExistsError, StoppingError } from './errors.ts';
import { type ExperimentWish, ensureExperiment, unusedId } from './own-experiment.ts';
import { readRowDetails } from './row-details.ts';
import type { Sessions } from './sessions.ts';

/** What a recording is to be. */
interface RecordingRequest extends ExperimentWish {
  /** The experiment's id; empty lets the recorder make one. */
  readonly id: string;
  readonly filter: RecordFilter;
}

export interface Recordings {
  /** The recordings that are open, in the order of their start. */
  books(): readonly Book[];
  /** All whose records are accepted: those that are open or being settled, and those of which not all producers were there. */
  accepting(): readonly Book[];
  /** Those of which a producer that has come is told. */
  toldTo(producer: { readonly producerId: string }): readonly Book[];
  /** The book of a recording that has not ended: one that is open, or whose ledger is being settled. */
  current(recordingId: string): Book | undefined;
  /** Takes up the recordings that the store has as open, or as not complete, and gives them. */
  restore(): Promise<readonly Book[]>;
  /**
   * Opens a recording at all producers that are connected and waits for their answers, at most `timeout` seconds. An
   * experiment that nobody has made is made, with what is known of the nodes, and belongs to the recorder.
   * @throws RecordingExistsError, ExperimentExistsError
   */
  start(request: RecordingRequest, timeout: number): Promise<{ experimentId: string; start: number; producers: string[] }>;
  /**
   * Closes a recording at its producers, waits for their final figures at most `timeout` seconds, and settles the ledger.
   * For one that has ended it gives the ledger that was settled then.
   * @throws NoRecordingError
   */
  stop(id: string, timeout: number): Promise<Ledger>;
  /** Settles again what was settled without all producers and has been repaired since; forgets it after 24 hours. */
  resettle(): void;
  /** Is no experiment of the recorder's own being recorded? */
  idle(): boolean;
}

export interface RecordingsOptions {
  readonly store: ExperimentStore;
  readonly committer: Committer;
  readonly sessions: Sessions;
  readonly clock: ProcessClock;
  readonly log: Logger;
  /** Rung whenever a producer has said something, has come or has gone. */
  readonly bell: Doorbell;
  /** Aborts when the recorder ends. */
  readonly signal: AbortSignal;
  /** Where records come over a bus that acknowledges nothing. */
  readonly bus?: BusOfRecordings | undefined;
  /** Who makes experiments that nobody else has made. */
  readonly creator: string;
  /** Monotonic time, seconds. */
  elapsed(): number;
  /** A whole number from 0 to 65535. */
  random(): number;
  /** Tells the producers of a book that is settled what is durable. */
  acknowledge(book: Book): Promise<void>;
}

/** What recordings have to know of the bus. */
interface BusOfRecordings {
  /** Waits until the bus is heard. @throws BusUnavailableError after `timeout` seconds */
  listening(timeout: number): Promise<void>;
  /** Records that were filed in a book so far. */
  filed(book: Book): number;
  /** Records that have arrived and wait for a slow store. */
  waiting(): number;
  /** Nothing more will be learned about records that are held. */
  release(): void;
  /** What the nodes are that are there now. */
  nodes(): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
}

/**
 * What was stated and has not arrived is given up after so many seconds in a row without a record of the recording. They are
 * counted in short waits: after a standstill of this process one wait is over at once, and what came meanwhile is read then.
 */
const arrivalGrace = 1;
const arrivalWaits = 4;

/** A recording that was settled without all of its producers' figures or records is repaired for so many seconds. */
const repairLimit = 24 * 3600;

/** Rows are counted so often while they are not as the book says, since what was repaired meanwhile is in the book already. */
const countAttempts = 3;

/** Seconds that producers have to state again what a recorder that was restarted may not have heard. */
const restateGrace = 5;

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
  const { store, committer, sessions, clock, log, bell, signal, bus, creator } = options;
  const open = new Map<string, Book>();
  const starting = new Set<string>();
  /** Recordings that take no more records and whose ledger isn't settled yet, with the producers that never opened. */
  const settling = new Map<string, { book: Book; absent: readonly string[] }>();
  const stopping = new Map<string, Promise<Ledger>>();
  /** Recordings that have ended and may yet be repaired, with the number of accounts that are not complete. */
  const provisional = new Map<string, { book: Book; absent: readonly string[]; incomplete: number }>();

  const incompleteIn = (book: Book) => [...book.accounts.values()].filter(account => !isComplete(account)).length;

  const absentFrom = (book: Book) => {
    const absent: string[] = [];
    for (const { producerId } of sessions.all()) if (!book.accounts.has(producerId)) absent.push(producerId);
    return absent;
  };

  const current = (id: string) => open.get(id) ?? settling.get(id)?.book;

  const save = (book: Book) => {
    committer.touch(book);
    return committer.flush();
  };

  const refuseTaken = (id: string) => {
    if (current(id) !== undefined || starting.has(id)) throw new RecordingExistsError(id, false);
  };

  const writeNodes = async (id: string) => {
    try {
      for (const [node, info] of (await bus?.nodes()) ?? []) await store.nodeInfo.write(id, node, info);
    } catch (error) {
      log.warn({ recording: id, err: error }, 'what the nodes are could not be stored');
    }
  };

  const begin = async (id: string, { filter, ...wish }: RecordingRequest): Promise<Book> => {
    const row = await store.recordings.get(id);
    if (row !== undefined) throw new RecordingExistsError(id, row.end !== null);
    const now = clock.now();
    const owned = await ensureExperiment(store.experiments, id, wish, { now, creator });
    const book = createBook(id, now, filter, owned);
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

  /** Waits for what is still on the bus: producers say what they have published over another way. */
  const awaitArrivals = async (book: Book, timeout: number) => {
    if (bus === undefined) return;
    const end = performance.now() + timeout * 1000;
    let filed = bus.filed(book);
    for (let quiet = 0; quiet < arrivalWaits && performance.now() < end && !signal.aborted; quiet++) {
      if (await bell.until(() => allComplete(book, sessions.isSuperseded), signal, arrivalGrace / arrivalWaits)) break;
      if (bus.filed(book) > filed || bus.waiting() > 0) quiet = -1;
      filed = bus.filed(book);
    }
    bus.release();
  };

  /** Asks the producers to close and waits for their final figures; then the recording takes no more records. */
  const close = async (book: Book, timeout: number) => {
    book.end ??= clock.now();
    closeInterval(book, unverifiedId, book.end);
    // Stored before the producers are asked: a recorder that comes back in the middle must not file what came after.
    await save(book);
    for (const { mailbox } of sessions.audience()) mailbox.send(closeMessage(book));
    const started = performance.now();
    // Those that have gone for good are not waited for; the ledger names them.
    const complete = () => allComplete(book, sessions.isSuperseded) && absentFrom(book).length === 0;
    const settled = await bell.until(complete, signal, timeout);
    await awaitArrivals(book, Math.max(arrivalGrace, timeout - (performance.now() - started) / 1000));
    if (signal.aborted) throw new StoppingError();
    const absent = absentFrom(book);
    if (!settled) log.warn({ recording: book.recordingId, absent }, 'not all producers gave all figures and records in time');
    open.delete(book.recordingId);
    settling.set(book.recordingId, { book, absent });
    bell.ring();
  };

  /** Counts the rows, and looks at them if they are not as the book says; again while something is still being repaired. */
  const countRows = async (book: Book) => {
    for (let attempt = 1; ; attempt++) {
      await committer.flush();
      const counts = await store.counts(book.recordingId);
      const doubts = doubtsAbout(book, counts);
      if (doubts.tokens.size + doubts.nodes.size === 0) return { counts, details: undefined };
      if (attempt === countAttempts) return { counts, details: await readRowDetails(store, book.recordingId, doubts) };
    }
  };

  const ledgerOf = async (book: Book, absent: readonly string[]) => {
    const id = book.recordingId;
    const { counts, details } = await countRows(book);
    book.ledger = finalLedger(book, counts, details, absent);
    // As the ledger has it: what comes while it is saved is a reason to settle again.
    const incomplete = incompleteIn(book);
    await save(book);
    if (incomplete > 0) provisional.set(id, { book, absent, incomplete });
    else provisional.delete(id);
    return book.ledger;
  };

  const settle = async (book: Book, absent: readonly string[]): Promise<Ledger> => {
    const id = book.recordingId;
    const ledger = await ledgerOf(book, absent);
    await options.acknowledge(book);
    if (book.ownsExperiment) await store.experiments.update(id, { status: 'FINISHED', end: book.end ?? clock.now() });
    settling.delete(id);
    bell.ring();
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

  const accepting = () => [
    ...open.values(),
    ...Array.from(settling.values(), ({ book }) => book),
    ...Array.from(provisional.values(), ({ book }) => book),
  ];

  /** Takes up a recording that the store has: one that is open, or one that may yet be repaired. */
  const takeUp = (book: Book) => {
    const { recordingId: id, ledger } = book;
    if (ledger === undefined) {
      open.set(id, book);
      log.info({ recording: id, closing: book.end !== undefined }, 'a recording goes on');
      return;
    }
    // As the ledger has it: a book that has been completed since is settled again.
    const incomplete = ledger.missingProducers.filter(producerId => book.accounts.has(producerId)).length;
    const absent = ledger.missingProducers.filter(producerId => !book.accounts.has(producerId));
    if (incomplete > 0) provisional.set(id, { book, absent, incomplete });
  };

  let resettling = false;
  const resettle = async () => {
    for (const [id, { book, absent, incomplete }] of provisional) {
      if (clock.now() - (book.end ?? 0) > repairLimit) provisional.delete(id);
      else if (incompleteIn(book) < incomplete) {
        const { entries, final } = await ledgerOf(book, absent);
        log.info({ recording: id, entries, final }, 'a recording was repaired after its end');
        await options.acknowledge(book);
      }
    }
  };

  return {
    books: () => [...open.values()],
    accepting,
    toldTo: ({ producerId }) => [
      ...open.values(),
      ...accepting().filter(book => {
        const account = book.accounts.get(producerId);
        return !open.has(book.recordingId) && account !== undefined && !isComplete(account);
      }),
    ],
    current,
    resettle() {
      if (resettling || provisional.size === 0) return;
      resettling = true;
      resettle()
        .catch((error: unknown) => log.error({ err: error }, 'a recording that was repaired could not be settled again'))
        .finally(() => {
          resettling = false;
        });
    },
    async restore() {
      for (const row of await store.recordings.unsettled(clock.now() - repairLimit)) {
        try {
          takeUp(readBook(row, options.elapsed() + restateGrace));
        } catch (error) {
          if (!(error instanceof BookStateError)) throw error;
          log.error({ err: error }, 'a recording can’t go on');
        }
      }
      return accepting();
    },
    async start(request, timeout) {
      refuseTaken(request.id);
      await bus?.listening(timeout);
      const id = request.id || (await unusedId(store.experiments, clock.now(), options.random));
      refuseTaken(id);
      starting.add(id);
      // From here on the clock keeps its anchor: it must be right.
      clock.check();
      const book = await begin(id, request).finally(() => starting.delete(id));
      for (const { mailbox } of sessions.audience()) mailbox.send(openMessage(book));
      const opened = bell.until(() => absentFrom(book).length === 0, signal, timeout);
      if (book.ownsExperiment) await writeNodes(id);
      const complete = await opened;
      if (signal.aborted) throw new StoppingError();
      if (!complete) log.warn({ recording: id, absent: absentFrom(book) }, 'not all producers opened the recording in time');
      await save(book);
      return { experimentId: id, start: clock.now(), producers: [...book.accounts.keys()] };
    },
    stop(id, timeout) {
      const running = stopping.get(id);
      if (running !== undefined) return running;
      const result = stop(id, timeout).finally(() => stopping.delete(id));
      stopping.set(id, result);
      return result;
    },
    idle: () => starting.size === 0 && ![...open.keys(), ...settling.keys()].some(id => current(id)?.ownsExperiment === true),
  };
}
