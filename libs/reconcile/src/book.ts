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
}

/** Records of one bucket: what has arrived, and what the producer says. */
export interface BucketAccount {
  readonly seen: Tally;
  stated: Tally | undefined;
  /** Version of `stated`. */
  version: number;
}

/** Telemetry of one node, or the events of the producer. */
export interface NodeAccount {
  readonly kind: 'telemetry' | 'event';
  readonly node: string;
  readonly buckets: Map<number, BucketAccount>;
  /** Old buckets that agreed, as one: `numbers` are their begins divided by the length of a bucket. */
  readonly folded: { readonly numbers: Counters; readonly seen: Tally; stated: Tally };
  rejected: number;
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
  /** The producer has given its last figures. */
  final: boolean;
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
}

/** No record of any kind. */
export const noRecords = (): Record<RecordKindName, number> => ({ trace: 0, telemetry: 0, event: 0 });

/** An account of a node of which nothing is known. */
export function emptyNode(kind: 'telemetry' | 'event', node: string): NodeAccount {
  return {
    kind,
    node,
    buckets: new Map(),
    folded: { numbers: [], seen: emptyTally(), stated: emptyTally() },
    rejected: 0,
  };
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
    final: unverified,
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

/** Have all producers that take part given their last figures? Those that have gone for good will never. */
export function allFinal(book: Book, isGone: (producerId: string) => boolean = () => false): boolean {
  for (const { final, producerId } of book.accounts.values()) if (!final && !isGone(producerId)) return false;
  return true;
}
