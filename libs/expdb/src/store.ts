import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Caller, createCaller } from './calls.ts';
import { packBatch } from './packed.ts';
import type { RecordBatch } from './record-batch.ts';
import type {
  ClockOffset,
  DeadLetter,
  EventRow,
  Experiment,
  RecordCounts,
  RecordingState,
  RecordKind,
  TelemetryRow,
  TraceSummary,
} from './rows.ts';
import type { Page, TelemetryChoice, TelemetryCursor, TraceCursor } from './sqlite/read.ts';
import { StoreError } from './store-error.ts';

/**
 * The experiment store. Every call may throw StoreError; one that fails has changed nothing. Several processes may open
 * the same file. Disposing it lets the calls under way end and refuses later ones.
 */
export interface ExperimentStore extends AsyncDisposable {
  /** Absolute path of the file. */
  readonly path: string;
  readonly experiments: {
    /** Adds an experiment and its metadata, a JSON object to which `exp_id` is added. Fails if the id is taken. */
    insert(experiment: Experiment, metadata: object): Promise<void>;
    /** Changes the fields that the patch has. Fails if there is no such experiment. */
    update(id: string, patch: Partial<Omit<Experiment, 'id'>>): Promise<void>;
    get(id: string): Promise<Experiment | undefined>;
    /** The one with this id; else the newest ten whose ids begin so; `latest` means the newest of all, an empty text none. */
    find(idOrPrefix: string): Promise<Experiment[]>;
    /** Newest first (by creation, then by id), those before `before` alone if it is given. */
    list(options: { limit: number; before?: { created: number; id: string } }): Promise<Experiment[]>;
    /** Removes an experiment's rows from all tables, in steps between which others may write. */
    remove(id: string): Promise<void>;
    /** Those whose status is none of FINISHED, FAILED, CANCELLED; newest first. */
    unfinished(): Promise<Experiment[]>;
  };
  readonly nodeInfo: {
    /** Replaces what is known of a node in an experiment. */
    write(expId: string, node: string, info: Readonly<Record<string, string>>): Promise<void>;
    read(expId: string): Promise<Map<string, Record<string, string>>>;
  };
  readonly recordings: {
    /** Adds or replaces the recording of an experiment. */
    save(recording: RecordingState): Promise<void>;
    get(expId: string): Promise<RecordingState | undefined>;
    /** Those without an end and those that ended at `since` (UNIX seconds) or later, oldest first, with all their buckets. */
    unsettled(since: number): Promise<RecordingState[]>;
  };
  /** Writes a batch in one transaction. Of records with the same key (see the rows' types) the first stays. */
  write(batch: RecordBatch): Promise<void>;
  /** Resolves when all that is written outlives a loss of power. */
  sync(): Promise<void>;
  /** Counts the rows of an experiment. */
  counts(expId: string): Promise<RecordCounts>;
  /** The traces of an experiment by `created`, in chunks of some thousands; the next is read while one is being used. */
  traces(expId: string): AsyncIterable<readonly TraceSummary[]>;
  /**
   * The telemetry of an experiment, of some metrics or of a half-open span of time (UNIX seconds) if they are given, by
   * timestamp, node and metric, in chunks.
   */
  telemetry(expId: string, options?: TelemetryChoice): AsyncIterable<readonly TelemetryRow[]>;
  /** The events of an experiment by time. */
  events(expId: string): Promise<EventRow[]>;
  /** The dead letters of one kind of an experiment. */
  deadLetters(expId: string, kind: RecordKind): Promise<DeadLetter[]>;
  /** The clock estimates of an experiment by producer and time. */
  clockOffsets(expId: string): Promise<ClockOffset[]>;
}

/** Reads page after page, one ahead of the reader and no further. */
async function* chunks<Row, Cursor>(read: (from: Cursor | null) => Promise<Page<Row, Cursor>>): AsyncGenerator<readonly Row[]> {
  let coming: Promise<Page<Row, Cursor>> | undefined = read(null);
  while (coming !== undefined) {
    const page: Page<Row, Cursor> = await coming;
    coming = page.next === null ? undefined : read(page.next);
    // If the reader goes away, nobody awaits the page that was read ahead; if it stays, the error meets it above.
    coming?.catch(() => {});
    if (page.rows.length > 0) yield page.rows;
  }
}

function createStore(path: string, { call, hand, close }: Caller): ExperimentStore {
  return {
    path,
    experiments: {
      insert: async (experiment, metadata) =>
        call('insertExperiment', experiment, JSON.stringify({ ...metadata, exp_id: experiment.id })),
      update: (id, patch) => call('updateExperiment', id, patch),
      get: id => call('getExperiment', id),
      find: idOrPrefix => call('findExperiments', idOrPrefix),
      list: ({ limit, before }) => call('listExperiments', limit, before ?? null),
      async remove(id) {
        while (await call('removeStep', id));
      },
      unfinished: () => call('unfinishedExperiments'),
    },
    nodeInfo: {
      write: (expId, node, info) => call('writeNodeInfo', expId, node, info),
      read: expId => call('readNodeInfo', expId),
    },
    recordings: {
      save: recording => call('saveRecording', recording),
      get: expId => call('getRecording', expId),
      unsettled: since => call('unsettledRecordings', since),
    },
    async write(batch) {
      const { packed, transfer } = packBatch(batch);
      await hand(transfer, 'write', packed);
    },
    sync: () => call('sync'),
    counts: expId => call('counts', expId),
    traces: expId => chunks<TraceSummary, TraceCursor>(from => call('traces', expId, from)),
    telemetry: (expId, options) => chunks<TelemetryRow, TelemetryCursor>(from => call('telemetry', expId, options ?? {}, from)),
    deadLetters: (expId, kind) => call('deadLetters', expId, kind),
    events: expId => call('events', expId),
    clockOffsets: expId => call('clockOffsets', expId),
    [Symbol.asyncDispose]: close,
  };
}

/** What the thread keeps for new objects, MB: they live for one call. Unless told it takes up to 48. */
const youngGeneration = 6;

/** Starts the thread that a store works in. (Written like this, the bundler finds the file and puts it into the bundle.) */
export function startWorker(): Worker {
  return new Worker(new URL('./sqlite/worker.ts', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: youngGeneration },
  });
}

/** Opens the store at `path` in a worker that was started for it. */
export async function openStoreIn(worker: Worker, path: string): Promise<ExperimentStore> {
  const caller = createCaller(worker, path);
  try {
    await caller.call('open', path);
  } catch (error) {
    await worker.terminate();
    throw new StoreError('open', path, `it can't be opened: ${causeOf(error).message}`, causeOf(error));
  }
  return createStore(path, caller);
}

function causeOf(error: unknown): Error {
  return error instanceof StoreError && error.cause instanceof Error ? error.cause : (error as Error);
}

/**
 * Opens the experiment store in a SQLite file, which is created with its directory if need be and brought to the newest
 * schema. A file written by the original Galileo keeps all its rows (see the migration record-keys for duplicates).
 * @throws StoreError that names path and cause: no access, no SQLite database, one with other tables or of a newer version.
 */
export function openStore(options: { path: string }): Promise<ExperimentStore> {
  return openStoreIn(startWorker(), resolve(options.path));
}
