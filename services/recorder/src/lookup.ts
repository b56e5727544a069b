import type { Experiment, ExperimentStore, RecordingState } from '@galileo/expdb';
import type { Ledger, RecordFilter, RecordingSummary } from '@galileo/proto/recorder';
import { BookStateError, provisionalLedger, readBook } from '@galileo/reconcile';
import type { PagePosition } from '@galileo/service';
import { AmbiguousRecordingError, NoRecordingError } from './errors.ts';
import type { Recordings } from './recordings.ts';

/** A recording as it stands. Times are the recorder's, UNIX seconds. */
interface RecordingView {
  readonly id: string;
  readonly name: string;
  readonly creator: string;
  readonly start: number;
  readonly end: number | undefined;
  /** It takes no more than what was produced before. */
  readonly closing: boolean;
  readonly filter: RecordFilter;
  /** Provisional while the recording has no end. */
  readonly ledger: Ledger;
}

/** Finds recordings, open ones and those that the store has of earlier times. */
export interface Lookup {
  /** The recording with this id. @throws NoRecordingError */
  view(id: string): Promise<RecordingView>;
  /**
   * Id of the recording that is meant by its id, by the beginning of one that no other has, or by `latest`.
   * @throws NoRecordingError, AmbiguousRecordingError
   */
  find(text: string): Promise<string>;
  /** The recordings of the newest experiments, those after `before` if it is given; `next` is where the next page begins. */
  list(limit: number, before?: PagePosition): Promise<{ recordings: RecordingSummary[]; next: PagePosition | undefined }>;
}

export interface LookupOptions {
  readonly store: Pick<ExperimentStore, 'experiments' | 'recordings' | 'counts'>;
  readonly recordings: Pick<Recordings, 'current'>;
}

/** The ledger of a recording that has none. */
const noLedger: Ledger = { entries: [], final: false, mismatches: [], missingProducers: [] };

/** Experiments that are looked at together. */
const chunk = 100;

/** The settled ledger; none of a recording whose state this version can't read, which must not hide the others. */
function ledgerIn(row: RecordingState): Ledger | undefined {
  try {
    return readBook(row).ledger;
  } catch (error) {
    if (error instanceof BookStateError) return undefined;
    throw error;
  }
}

/** Makes the lookup. */
export function createLookup({ store, recordings }: LookupOptions): Lookup {
  const isRecorded = async (id: string) => recordings.current(id) !== undefined || (await store.recordings.get(id)) !== undefined;

  const summaryOf = async ({ id, name, creator }: Experiment): Promise<RecordingSummary | undefined> => {
    const book = recordings.current(id);
    const named = { experimentId: id, name, creator };
    if (book !== undefined) return { ...named, start: book.start, end: 0, closing: book.end !== undefined, ledger: undefined };
    const row = await store.recordings.get(id);
    return row && { ...named, start: row.start, end: row.end ?? 0, closing: false, ledger: ledgerIn(row) };
  };

  const list: Lookup['list'] = async (limit, before) => {
    const found: RecordingSummary[] = [];
    let position = before;
    for (;;) {
      const page = await store.experiments.list({ limit: chunk, ...(position && { before: position }) });
      for (const experiment of page) {
        const summary = await summaryOf(experiment);
        if (summary !== undefined && found.length === limit) return { recordings: found, next: position };
        if (summary !== undefined) found.push(summary);
        position = { created: experiment.created, id: experiment.id };
      }
      if (page.length < chunk) return { recordings: found, next: undefined };
    }
  };

  return {
    list,
    async find(text) {
      if (text === 'latest') {
        const [newest] = (await list(1)).recordings;
        if (newest === undefined) throw new NoRecordingError(text);
        return newest.experimentId;
      }
      if (await isRecorded(text)) return text;
      const found: string[] = [];
      for (const { id } of await store.experiments.find(text)) if (await isRecorded(id)) found.push(id);
      if (found.length > 1) throw new AmbiguousRecordingError(text, found);
      if (found.length === 0) throw new NoRecordingError(text);
      return found[0]!;
    },
    async view(id) {
      const experiment = await store.experiments.get(id);
      const named = { id, name: experiment?.name ?? id, creator: experiment?.creator ?? '' };
      const book = recordings.current(id);
      if (book !== undefined) {
        const { start, filter } = book;
        const ledger = book.ledger ?? provisionalLedger(book, await store.counts(id));
        return { ...named, start, end: undefined, closing: book.end !== undefined, filter, ledger };
      }
      const row = await store.recordings.get(id);
      if (row === undefined) throw new NoRecordingError(id);
      const { start, end, filter, ledger } = readBook(row);
      return { ...named, start, end, closing: false, filter, ledger: ledger ?? noLedger };
    },
  };
}
