import { setTimeout as sleep } from 'node:timers/promises';
import { createDoorbell, type Doorbell, type RecordKindName } from '@galileo/bus';
import {
  type ClockOffset,
  createTelemetryColumns,
  type DeadLetter,
  type EventRow,
  type ExperimentStore,
  StoreError,
  type TelemetryColumns,
  type TraceRow,
} from '@galileo/expdb';
import { type Book, bookRow } from '@galileo/reconcile';
import type { Logger } from '@galileo/service';
import { StoppingError } from './errors.ts';

/** How far a producer's batches have come. */
export interface Progress {
  readonly producerId: string;
  /** Number of the newest batch that was taken. */
  accepted: number;
  /** Number of the newest batch of which everything is committed, rejected or belongs to no recording. */
  durable: number;
}

/** Numbers of records of each kind. */
type KindCounts = Record<RecordKindName, number>;

/** Records of a recording that wait for the store. */
interface WaitingRecords {
  /** To be stored as rows. */
  readonly stored: KindCounts;
  /** To be stored as dead letters. */
  readonly rejected: KindCounts;
}

/** Rows that wait for the next transaction. */
interface PendingRows {
  readonly telemetry: TelemetryColumns;
  readonly traces: TraceRow[];
  readonly events: EventRow[];
  readonly deadLetters: DeadLetter[];
  readonly clockOffsets: ClockOffset[];
}

export interface CommitterOptions {
  readonly store: Pick<ExperimentStore, 'write'>;
  /** Rows that are committed together at the latest. */
  readonly batchSize: number;
  /** Seconds after which rows are committed at the latest. */
  readonly interval: number;
  readonly log: Logger;
  /** Rung after every commit. */
  readonly bell: Doorbell;
  /** The store does not take rows, or does again. */
  onTrouble(trouble: boolean): void;
  /** The store is gone for good. */
  onFatal(error: StoreError): void;
}

/**
 * Commits rows in batches, each with the state of the books that it changes, so that what a restart reads is exactly what
 * the rows say. One transaction is under way at a time. While the store fails, the same batch is tried again and again.
 */
export interface Committer extends AsyncDisposable {
  /** Where rows are added; taken away by the next transaction, so never to be kept. Call `added` afterwards. */
  rows(): PendingRows;
  /** Rows were added. */
  added(): void;
  /** The book has changed and is to be stored with the next transaction. */
  touch(book: Book): void;
  /** The producer's batches up to `accepted` are in the rows: `durable` follows when they are committed. */
  advance(progress: Progress): void;
  /** Can more be taken? False when the store is so slow that rows pile up. */
  hasRoom(): boolean;
  /**
   * Resolves when all that was added and touched before is committed.
   * @throws StoreError if the store is gone for good, StoppingError if the committer is disposed.
   */
  flush(): Promise<void>;
  /** Records of all recordings that are not committed yet. */
  readonly waiting: number;
  /** Those of one recording. It looks at each of them, and belongs into no hot path. */
  waitingOf(recordingId: string): WaitingRecords;
  readonly commits: number;
  /** Seconds spent in transactions. */
  readonly busy: number;
}

/** So many batches may wait before producers are held back. */
const roomFactor = 20;

/** Back-off between two tries of a batch, seconds. */
const shortestPause = 0.1;
const longestPause = 2;

/** How long disposal tries to commit what is pending, seconds. */
const disposalLimit = 5;

const noRows = (): PendingRows => ({
  telemetry: createTelemetryColumns(),
  traces: [],
  events: [],
  deadLetters: [],
  clockOffsets: [],
});

function sizeOf({ telemetry, traces, events, deadLetters, clockOffsets }: PendingRows): number {
  return telemetry.length + traces.length + events.length + deadLetters.length + clockOffsets.length;
}

const recordsIn = (rows: PendingRows) => sizeOf(rows) - rows.clockOffsets.length;

function countRecords(rows: PendingRows, expId: string, { stored, rejected }: WaitingRecords): void {
  const { telemetry, traces, events, deadLetters } = rows;
  stored.telemetry += telemetry.countOf(expId);
  for (const row of traces) if (row.expId === expId) stored.trace++;
  for (const row of events) if (row.expId === expId) stored.event++;
  for (const row of deadLetters) if (row.expId === expId) rejected[row.kind]++;
}

const noRecords = (): KindCounts => ({ trace: 0, telemetry: 0, event: 0 });

/** Makes a committer over a store. */
export function createCommitter(options: CommitterOptions): Committer {
  const { store, batchSize, interval, log, bell } = options;
  const stopped = new AbortController();
  const committed = createDoorbell();
  let pending = noRows();
  /** Rows of the transaction that is under way. */
  let writing = noRows();
  let touched = new Set<Book>();
  let advancing = new Map<Progress, number>();
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let flushTo = 0;
  /** Transactions that were begun and that have succeeded. */
  let begun = 0;
  let commits = 0;
  let busy = 0;
  let fatal: StoreError | undefined;

  const isIdle = () => sizeOf(pending) === 0 && touched.size === 0 && advancing.size === 0;

  const write = async (batch: Parameters<ExperimentStore['write']>[0]) => {
    let pause = shortestPause;
    for (let attempt = 1; !stopped.signal.aborted; attempt++) {
      try {
        await store.write(batch);
        if (attempt > 1) log.info({ attempt }, 'the store takes rows again');
        if (attempt > 1) options.onTrouble(false);
        return true;
      } catch (error) {
        if (error instanceof StoreError && error.kind === 'closed') {
          fatal = error;
          options.onFatal(error);
          return false;
        }
        if (attempt === 1) {
          log.error({ err: error }, 'the store does not take rows; trying again');
          options.onTrouble(true);
        }
        await sleep(pause * 1000, undefined, { signal: stopped.signal }).catch(() => {});
        pause = Math.min(longestPause, pause * 2);
      }
    }
    return false;
  };

  const commitOnce = async () => {
    const rows = pending;
    const books = touched;
    const progress = advancing;
    pending = noRows();
    touched = new Set();
    advancing = new Map();
    writing = rows;
    begun++;
    const start = performance.now();
    const done = sizeOf(rows) + books.size === 0 || (await write({ ...rows, recordings: Array.from(books, bookRow) }));
    if (!done) return false;
    busy += (performance.now() - start) / 1000;
    writing = noRows();
    commits = begun;
    for (const [of, sequence] of progress) of.durable = Math.max(of.durable, sequence);
    committed.ring();
    bell.ring();
    return true;
  };

  const run = async () => {
    clearTimeout(timer);
    timer = undefined;
    if (running) return;
    running = true;
    do {
      if (!(await commitOnce())) break;
    } while (sizeOf(pending) >= batchSize || (flushTo > commits && !isIdle()));
    running = false;
    committed.ring();
    schedule();
  };

  const schedule = () => {
    if (isIdle() || fatal !== undefined || stopped.signal.aborted) return;
    if (sizeOf(pending) >= batchSize) run();
    else timer ??= setTimeout(run, interval * 1000);
  };

  const flush = async () => {
    const target = isIdle() ? begun : begun + 1;
    flushTo = Math.max(flushTo, target);
    if (target > begun) run();
    await committed.until(() => commits >= target || fatal !== undefined, stopped.signal);
    if (fatal !== undefined) throw fatal;
    if (commits < target) throw new StoppingError();
  };

  return {
    rows: () => pending,
    added: schedule,
    touch(book) {
      touched.add(book);
      schedule();
    },
    advance(progress) {
      const nothingWaits = sizeOf(pending) === 0 && !running && fatal === undefined && !stopped.signal.aborted;
      if (nothingWaits) {
        progress.durable = progress.accepted;
        bell.ring();
        return;
      }
      advancing.set(progress, progress.accepted);
      schedule();
    },
    hasRoom: () => sizeOf(pending) < roomFactor * batchSize,
    flush,
    get waiting() {
      return recordsIn(pending) + recordsIn(writing);
    },
    waitingOf(recordingId) {
      const counts = { stored: noRecords(), rejected: noRecords() };
      for (const rows of [pending, writing]) countRecords(rows, recordingId, counts);
      return counts;
    },
    get commits() {
      return commits;
    },
    get busy() {
      return busy;
    },
    async [Symbol.asyncDispose]() {
      const late = setTimeout(() => stopped.abort(), disposalLimit * 1000);
      await flush().catch(error => log.error({ err: error }, 'not everything could be committed'));
      clearTimeout(late);
      stopped.abort();
      clearTimeout(timer);
    },
  };
}
