import type { RecordKindName } from '@galileo/bus';
import type { Ledger, RecordFilter } from '@galileo/proto/recorder';
import type { Counters } from './counters.ts';
import { compileFilter, type Predicate } from './filter.ts';
import { emptyTally, type Tally } from './tally.ts';

/** Traces of one client instance. */
export interface ClientAccount {
  readonly clientId: string;
  /** Counters that have arrived, rejected ones among them. */
  readonly seen: Counters;
  /** How many of them were rejected. */
  rejected: number;
  /** Counters that the producer says to have published, and how many it has counted. */
  stated: { readonly expected: Counters; readonly produced: number } | undefined;
  /** Counters that were stated, have not arrived, and that the producer can't send again. */
  unavailable: Counters;
  /** When what was stated last must have arrived, recorder's monotonic time, seconds. */
  due: number;
  /** How many counters the producer was told to be durable since its last statement; -1 if it was told none. */
  told: number;
}

/** Records of one bucket: what has arrived, and what the producer says. */
export interface BucketAccount {
  seen: Tally;
  /** How many of those seen were rejected. */
  rejected: number;
  stated: Tally | undefined;
  /** Version of `stated`. */
  version: number;
  /**
   * All records of the bucket were sent again, so that `seen` is what the store has, and another arrival may be one of
   * them: it is stored if it is not there, but not counted.
   */
  repaired: boolean;
  /** How much has arrived since `seen` was taken from the store. */
  dirty: number;
  /** Version whose records the producer can't send again completely; -1 if there is none. */
  unavailable: number;
  /** When what was stated last must have arrived, recorder's monotonic time, seconds. */
  due: number;
  /** The producer was told that the version is durable. */
  told: boolean;
}

/** A bucket that agreed, long enough ago that nothing more is expected. */
export interface ArchivedBucket {
  readonly tally: Readonly<Tally>;
  readonly rejected: number;
  readonly version: number;
}

/** Telemetry of one node, or the events of the producer. */
export interface NodeAccount {
  readonly kind: 'telemetry' | 'event';
  readonly node: string;
  /** Buckets by their begin. */
  readonly buckets: Map<number, BucketAccount>;
  /** Old buckets: stored one by one, so that what is written with every batch stays small however long the recording is. */
  readonly archive: Map<number, ArchivedBucket>;
  /** Sums over the archive. */
  readonly archived: { count: number; rejected: number };
}

/** What one producer and the recorder say about a recording. */
export interface Account {
  readonly producerId: string;
  /** The producer's half-open interval, in its own raw time, UNIX seconds. */
  readonly from: number;
  to: number | undefined;
  /** Number of the newest batch with a record of this recording. */
  sequence: number;
  readonly clients: Map<string, ClientAccount>;
  readonly telemetry: Map<string, NodeAccount>;
  readonly events: NodeAccount;
  /** Records that were rejected because nobody can tell which they are. */
  readonly malformed: Record<RecordKindName, number>;
  /** Records that the producer declares lost. */
  lost: Record<RecordKindName, number>;
  /** What the producer has counted in all, if it tells. */
  produced: Record<RecordKindName, number> | undefined;
  /** Requests that may have been on the way when the producer was killed. */
  unsettled: number;
  /** Number of the batch that must have been taken before what was stated last can be compared. */
  awaitedSequence: number;
  /** Buckets of the archive that the producer has stated again, since it does not know that they are durable. */
  readonly retold: Map<number, NodeAccount>;
  /** The producer has given its last figures. */
  final: boolean;
  /** It was told that these are stored. */
  confirmed: boolean;
  /** Nobody states what these sources produce; what arrives counts as produced. */
  readonly unverified: boolean;
}

/** A recording as the recorder keeps it: what has arrived beside what was stated. It is plain data, kept with the rows. */
export interface Book {
  readonly recordingId: string;
  /** Recorder's time, UNIX seconds. */
  readonly start: number;
  /** When the recorder began to ask the producers to close their intervals; undefined before. */
  end: number | undefined;
  readonly filter: RecordFilter;
  readonly predicate: Predicate;
  /** The recorder made the experiment's row, since nobody else had. */
  readonly ownsExperiment: boolean;
  readonly accounts: Map<string, Account>;
  /** Malformed records of producers that have no account, by producer. */
  readonly strangers: Map<string, Record<RecordKindName, number>>;
  /** The settled ledger; with it the recording has ended. */
  ledger: Ledger | undefined;
  /** Buckets that went to an archive and are to be stored with the next state. */
  archiving: ArchivedEntry[];
}

/** A bucket of an archive with whose it is. */
export interface ArchivedEntry extends ArchivedBucket {
  readonly producerId: string;
  readonly kind: 'telemetry' | 'event';
  readonly node: string;
  readonly begin: number;
}

/** No record of any kind. */
export const noRecords = (): Record<RecordKindName, number> => ({ trace: 0, telemetry: 0, event: 0 });

/** An account of a node of which nothing is known. */
export function emptyNode(kind: 'telemetry' | 'event', node: string): NodeAccount {
  return {
    kind,
    node,
    buckets: new Map(),
    archive: new Map(),
    archived: { count: 0, rejected: 0 },
  };
}

/** A client instance of which nothing is known. */
export function emptyClient(clientId: string): ClientAccount {
  return { clientId, seen: [], rejected: 0, stated: undefined, unavailable: [], due: Number.POSITIVE_INFINITY, told: -1 };
}

/** A bucket of which nothing is known. */
export function emptyBucket(): BucketAccount {
  return {
    seen: emptyTally(),
    rejected: 0,
    stated: undefined,
    version: 0,
    repaired: false,
    dirty: 0,
    unavailable: -1,
    due: Number.POSITIVE_INFINITY,
    told: false,
  };
}

/** Puts a bucket into the archive. */
export function archiveBucket(node: NodeAccount, begin: number, bucket: ArchivedBucket): void {
  node.archive.set(begin, bucket);
  node.archived.count += bucket.tally.count;
  node.archived.rejected += bucket.rejected;
}

/** Takes a bucket out of the archive, as one of which everything was sent again. @returns undefined if it is not there */
export function unarchiveBucket(node: NodeAccount, begin: number): BucketAccount | undefined {
  const archived = node.archive.get(begin);
  if (archived === undefined) return undefined;
  const { tally, rejected, version } = archived;
  node.archive.delete(begin);
  node.archived.count -= tally.count;
  node.archived.rejected -= rejected;
  const bucket = { ...emptyBucket(), seen: { ...tally }, stated: { ...tally }, rejected, version, repaired: true };
  node.buckets.set(begin, bucket);
  return bucket;
}

/** Telemetry of all nodes, and the events. */
export const nodesOf = (account: Account): NodeAccount[] => [...account.telemetry.values(), account.events];

/** How many records of the node were rejected. */
export function rejectedAt(node: NodeAccount): number {
  let count = node.archived.rejected;
  for (const { rejected } of node.buckets.values()) count += rejected;
  return count;
}

/** Opens the book of a recording. */
export function createBook(recordingId: string, start: number, filter: RecordFilter, ownsExperiment: boolean): Book {
  return {
    recordingId,
    start,
    end: undefined,
    filter,
    predicate: compileFilter(filter),
    ownsExperiment,
    accounts: new Map(),
    strangers: new Map(),
    ledger: undefined,
    archiving: [],
  };
}

/** Id of the account that holds the records of all sources that state nothing: Galileo's Python worker, Go telemd. */
export const unverifiedId = 'unverified';

/** A producer has opened its interval. An interval that is known already stays as it is. */
export function openInterval(book: Book, producerId: string, from: number): Account {
  return book.accounts.get(producerId) ?? openAccount(book, producerId, from, false);
}

/** The account of sources that state nothing. Their interval is the recording's, by the recorder's clock. */
export function unverifiedAccount(book: Book): Account {
  return book.accounts.get(unverifiedId) ?? openAccount(book, unverifiedId, book.start, true);
}

function openAccount(book: Book, producerId: string, from: number, unverified: boolean): Account {
  const account: Account = {
    producerId,
    from,
    to: unverified ? book.end : undefined,
    sequence: 0,
    clients: new Map(),
    telemetry: new Map(),
    events: emptyNode('event', producerId),
    malformed: noRecords(),
    lost: noRecords(),
    produced: undefined,
    unsettled: 0,
    awaitedSequence: 0,
    retold: new Map(),
    final: unverified,
    confirmed: false,
    unverified,
  };
  book.accounts.set(producerId, account);
  return account;
}

/** A producer has closed its interval. The first answer counts. @returns false if it had never opened one. */
export function closeInterval(book: Book, producerId: string, to: number): boolean {
  const account = book.accounts.get(producerId);
  if (account === undefined) return false;
  account.to ??= to;
  return true;
}

/**
 * Can records of this producer be filed now? Not while it may have chosen a begin or an end of its interval that has not
 * arrived yet: statements and records travel on different streams.
 */
export function knowsInterval(book: Book, producerId: string): boolean {
  const account = book.accounts.get(producerId);
  return account !== undefined && (book.end === undefined || account.to !== undefined);
}
