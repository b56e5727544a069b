import type { RecordKindName } from '@galileo/bus';
import { Ledger, RecordFilter } from '@galileo/proto/recorder';
import {
  type Account,
  type ArchivedEntry,
  archiveBucket,
  type Book,
  type BucketAccount,
  type ClientAccount,
  createBook,
  emptyBucket,
  emptyClient,
  emptyNode,
  type NodeAccount,
  openInterval,
  unverifiedAccount,
} from './book.ts';
import type { Counters } from './counters.ts';
import type { Tally } from './tally.ts';

/** The stored state of a recording can't be read. */
export class BookStateError extends Error {
  readonly recordingId: string;
  constructor(recordingId: string, found: string, options?: ErrorOptions) {
    super(`state of recording ${recordingId}: found ${found}; allowed: state written by this version`, options);
    this.name = 'BookStateError';
    this.recordingId = recordingId;
  }
}

/** The store's row of a recording; `state` is JSON that only this module reads. */
export interface BookRow {
  readonly expId: string;
  readonly start: number;
  /** `null` until the ledger is settled: a recording that is being closed goes on after a restart. */
  readonly end: number | null;
  readonly state: string;
  /** Buckets that went to the archives; stored one by one, since they don't change. */
  readonly archived?: readonly ArchivedEntry[];
}

// The state is written with every batch, so it consists of arrays instead of named fields.
type Counts = [trace: number, telemetry: number, event: number];
type TallyState = [count: number, high: number, low: number];
type BucketState = [
  begin: number,
  seen: TallyState,
  rejected: number,
  stated: TallyState | null,
  version: number,
  unavailable: number,
  repaired: 0 | 1,
];
type NodeState = [node: string, buckets: BucketState[]];
type ClientState = [
  token: string,
  clientId: string,
  seen: Counters,
  rejected: number,
  expected: Counters | null,
  produced: number,
  unavailable: Counters,
];
interface AccountState {
  id: string;
  from: number;
  to: number | null;
  sequence: number;
  final: boolean;
  lost: Counts;
  produced: Counts | null;
  malformed: Counts;
  unsettled: number;
  unverified?: true;
  clients: ClientState[];
  telemetry: NodeState[];
  events: NodeState;
}
interface State {
  version: 2;
  filter: unknown;
  end: number | null;
  owns: boolean;
  accounts: AccountState[];
  strangers: [producerId: string, counts: Counts][];
  ledger: unknown;
}

const counts = (record: Readonly<Record<RecordKindName, number>>): Counts => [record.trace, record.telemetry, record.event];
const record = ([trace, telemetry, event]: Counts): Record<RecordKindName, number> => ({ trace, telemetry, event });
const tallyState = ({ count, high, low }: Readonly<Tally>): TallyState => [count, high, low];
const tally = ([count, high, low]: TallyState): Tally => ({ count, high, low });

function nodeState({ node, buckets }: NodeAccount): NodeState {
  const bucketStates: BucketState[] = [];
  for (const [begin, { seen, rejected, stated, version, unavailable, repaired }] of buckets) {
    const said = stated === undefined ? null : tallyState(stated);
    bucketStates.push([begin, tallyState(seen), rejected, said, version, unavailable, repaired ? 1 : 0]);
  }
  return [node, bucketStates];
}

function clientState(token: string, { clientId, seen, rejected, stated, unavailable }: ClientAccount): ClientState {
  return [token, clientId, seen, rejected, stated?.expected ?? null, stated?.produced ?? 0, unavailable];
}

function accountState(account: Account): AccountState {
  return {
    id: account.producerId,
    from: account.from,
    to: account.to ?? null,
    sequence: account.sequence,
    final: account.final,
    lost: counts(account.lost),
    produced: account.produced === undefined ? null : counts(account.produced),
    malformed: counts(account.malformed),
    unsettled: account.unsettled,
    ...(account.unverified && { unverified: true }),
    clients: Array.from(account.clients, ([token, client]) => clientState(token, client)),
    telemetry: Array.from(account.telemetry.values(), nodeState),
    events: nodeState(account.events),
  };
}

/** The row under which a book is stored. What it holds of the archives is not given again. */
export function bookRow(book: Book): BookRow {
  const state: State = {
    version: 2,
    filter: book.filter,
    end: book.end ?? null,
    owns: book.ownsExperiment,
    accounts: Array.from(book.accounts.values(), accountState),
    strangers: Array.from(book.strangers, ([producerId, record]) => [producerId, counts(record)]),
    ledger: book.ledger ?? null,
  };
  const end = book.ledger === undefined ? null : (book.end ?? null);
  const archived = book.archiving;
  book.archiving = [];
  return { expId: book.recordingId, start: book.start, end, state: JSON.stringify(state), archived };
}

function readBucket([, seen, rejected, stated, version, unavailable, repaired]: BucketState, due: number): BucketAccount {
  return {
    ...emptyBucket(),
    ...{ seen: tally(seen), rejected, version, unavailable, repaired: repaired === 1, due },
    stated: stated === null ? undefined : tally(stated),
    // What has arrived since it was repaired is not in the state.
    dirty: repaired,
  };
}

function readNode(kind: 'telemetry' | 'event', [name, buckets]: NodeState, due: number): NodeAccount {
  const node = emptyNode(kind, name);
  for (const state of buckets) node.buckets.set(state[0], readBucket(state, due));
  return node;
}

function readAccount(book: Book, state: AccountState, due: number): void {
  const account: Account = {
    ...(state.unverified ? unverifiedAccount(book) : openInterval(book, state.id, state.from)),
    to: state.to ?? undefined,
    sequence: state.sequence,
    final: state.final,
    lost: record(state.lost),
    produced: state.produced === null ? undefined : record(state.produced),
    malformed: record(state.malformed),
    unsettled: state.unsettled,
    events: readNode('event', state.events, due),
  };
  for (const [token, clientId, seen, rejected, expected, produced, unavailable] of state.clients) {
    const stated = expected === null ? undefined : { expected, produced };
    account.clients.set(token, { ...emptyClient(clientId), seen, rejected, stated, unavailable, due });
  }
  for (const node of state.telemetry) account.telemetry.set(node[0], readNode('telemetry', node, due));
  book.accounts.set(state.id, account);
}

function readArchived(book: Book, { producerId, kind, node, begin, ...archived }: ArchivedEntry): void {
  const account = book.accounts.get(producerId);
  const of = kind === 'event' ? account?.events : account?.telemetry.get(node);
  // A bucket that was taken out of the archive again is in the state.
  if (of !== undefined && !of.buckets.has(begin)) archiveBucket(of, begin, archived);
}

/**
 * Reads a book from its row, with what was archived of it. What was stated and is missing is asked for from `due` on, recorder's
 * monotonic time, unless it is stated again before. Of a version that is older, only a book that has ended can be
 * read, without its accounts.
 * @throws BookStateError if the state is not what `bookRow` writes.
 */
export function readBook(row: BookRow, due = 0): Book {
  let version: unknown;
  try {
    const state = JSON.parse(row.state) as State;
    version = state.version;
    if (version === 2 || (version === 1 && state.ledger !== null)) {
      const book = createBook(row.expId, row.start, RecordFilter.fromPartial(state.filter as RecordFilter), state.owns);
      book.end = state.end ?? undefined;
      book.ledger = state.ledger === null ? undefined : Ledger.fromPartial(state.ledger as Ledger);
      if (version === 1) return book;
      for (const account of state.accounts) readAccount(book, account, due);
      for (const [producerId, strangers] of state.strangers) book.strangers.set(producerId, record(strangers));
      for (const entry of row.archived ?? []) readArchived(book, entry);
      return book;
    }
  } catch (error) {
    throw new BookStateError(row.expId, `something else (${(error as Error).message})`, { cause: error });
  }
  throw new BookStateError(row.expId, `version ${JSON.stringify(version)}`);
}
