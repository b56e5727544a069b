import type { RecordKindName } from '@galileo/bus';
import { Ledger, RecordFilter } from '@galileo/proto/recorder';
import {
  type Account,
  type Book,
  type ClientAccount,
  createBook,
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
}

// The state is written with every batch, so it consists of arrays instead of named fields.
type Counts = [trace: number, telemetry: number, event: number];
type TallyState = [count: number, high: number, low: number];
type BucketState = [begin: number, seen: TallyState, stated: TallyState | null, version: number];
type NodeState = [
  node: string,
  rejected: number,
  buckets: BucketState[],
  folded: [numbers: Counters, seen: TallyState, stated: TallyState],
];
type ClientState = [
  token: string,
  clientId: string,
  seen: Counters,
  rejected: number,
  expected: Counters | null,
  produced: number,
];
interface AccountState {
  id: string;
  from: number;
  to: number | null;
  sequence: number;
  final: boolean;
  lost: Counts;
  malformed: Counts;
  unverified?: true;
  clients: ClientState[];
  telemetry: NodeState[];
  events: NodeState;
}
interface State {
  version: 1;
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

function nodeState({ node, rejected, buckets, folded }: NodeAccount): NodeState {
  const bucketStates: BucketState[] = [];
  for (const [begin, { seen, stated, version }] of buckets) {
    bucketStates.push([begin, tallyState(seen), stated === undefined ? null : tallyState(stated), version]);
  }
  return [node, rejected, bucketStates, [folded.numbers, tallyState(folded.seen), tallyState(folded.stated)]];
}

function clientState(token: string, { clientId, seen, rejected, stated }: ClientAccount): ClientState {
  return [token, clientId, seen, rejected, stated?.expected ?? null, stated?.produced ?? 0];
}

function accountState(account: Account): AccountState {
  return {
    id: account.producerId,
    from: account.from,
    to: account.to ?? null,
    sequence: account.sequence,
    final: account.final,
    lost: counts(account.lost),
    malformed: counts(account.malformed),
    ...(account.unverified && { unverified: true }),
    clients: Array.from(account.clients, ([token, client]) => clientState(token, client)),
    telemetry: Array.from(account.telemetry.values(), nodeState),
    events: nodeState(account.events),
  };
}

/** The row under which a book is stored. */
export function bookRow(book: Book): BookRow {
  const state: State = {
    version: 1,
    filter: book.filter,
    end: book.end ?? null,
    owns: book.ownsExperiment,
    accounts: Array.from(book.accounts.values(), accountState),
    strangers: Array.from(book.strangers, ([producerId, record]) => [producerId, counts(record)]),
    ledger: book.ledger ?? null,
  };
  const end = book.ledger === undefined ? null : (book.end ?? null);
  return { expId: book.recordingId, start: book.start, end, state: JSON.stringify(state) };
}

function readNode(kind: 'telemetry' | 'event', [name, rejected, buckets, folded]: NodeState): NodeAccount {
  const [numbers, seen, stated] = folded;
  const node: NodeAccount = { ...emptyNode(kind, name), rejected, folded: { numbers, seen: tally(seen), stated: tally(stated) } };
  for (const [begin, seenState, statedState, version] of buckets) {
    node.buckets.set(begin, { seen: tally(seenState), stated: statedState === null ? undefined : tally(statedState), version });
  }
  return node;
}

function readAccount(book: Book, state: AccountState): void {
  const account: Account = {
    ...(state.unverified ? unverifiedAccount(book) : openInterval(book, state.id, state.from)),
    to: state.to ?? undefined,
    sequence: state.sequence,
    final: state.final,
    lost: record(state.lost),
    malformed: record(state.malformed),
    events: readNode('event', state.events),
  };
  for (const [token, clientId, seen, rejected, expected, produced] of state.clients) {
    account.clients.set(token, { clientId, seen, rejected, stated: expected === null ? undefined : { expected, produced } });
  }
  for (const node of state.telemetry) account.telemetry.set(node[0], readNode('telemetry', node));
  book.accounts.set(state.id, account);
}

/** Reads a book from its row. @throws BookStateError if the state is not what `bookRow` writes. */
export function readBook(row: BookRow): Book {
  let version: unknown;
  try {
    const state = JSON.parse(row.state) as State;
    version = state.version;
    if (version === 1) {
      const book = createBook(row.expId, row.start, RecordFilter.fromPartial(state.filter as RecordFilter), state.owns);
      book.end = state.end ?? undefined;
      for (const account of state.accounts) readAccount(book, account);
      for (const [producerId, strangers] of state.strangers) book.strangers.set(producerId, record(strangers));
      book.ledger = state.ledger === null ? undefined : Ledger.fromPartial(state.ledger as Ledger);
      return book;
    }
  } catch (error) {
    throw new BookStateError(row.expId, `something else (${(error as Error).message})`, { cause: error });
  }
  throw new BookStateError(row.expId, `version ${JSON.stringify(version)}`);
}
