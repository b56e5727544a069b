import type { Doorbell, RecordKindName } from '@galileo/bus';
import {
  type Account,
  type Book,
  createFiling,
  type Filing,
  knowsInterval,
  type Place,
  type Sink,
  unverifiedAccount,
  unverifiedId,
} from '@galileo/reconcile';
import type { Clock, Logger } from '@galileo/service';
import type { BusRecord } from './bus-record.ts';
import type { Committer } from './committer.ts';
import { createPackedQueue } from './packed-queue.ts';
import type { Sessions } from './sessions.ts';
import { type IntakeFigures, rowSink } from './sink.ts';
import type { Sources } from './sources.ts';

/**
 * Takes records from a bus that carries no names of producers and knows no back-pressure. Whose a record is follows from
 * its source, which producers announce on their control streams; a record that comes before its source, or before its
 * producer's interval, is held until that is known. What nobody announces is unverified: recorded, and counted as it comes.
 */
export interface BusIntake extends AsyncDisposable {
  take(records: readonly BusRecord[]): void;
  /** Something was said about sources or intervals, or a producer has gone: looks again at what is held. */
  review(): void;
  /** Records filed in the book so far. */
  filed(book: Book): number;
  /** Nothing more will be learned: files what is held as it stands. */
  release(): void;
  /** Time up to which all records that arrived are filed or held, given the present; monotonic, seconds. */
  filedUntil(now: number): number;
  /** Records that wait because the store is slow. */
  readonly waiting: number;
}

export interface BusIntakeOptions {
  /** The recordings that are open now. */
  books(): readonly Book[];
  readonly committer: Committer;
  readonly sessions: Pick<Sessions, 'get' | 'isSuperseded'>;
  readonly sources: Sources;
  readonly figures: IntakeFigures;
  readonly clock: Clock;
  /** Monotonic time, seconds. */
  elapsed(): number;
  readonly log: Logger;
  /** Rung after every commit; rung here when records were filed. */
  readonly bell: Doorbell;
  /** Seconds that a source may stay unknown before its records count as unverified. */
  readonly grace: number;
  /** Bytes of lines that wait for a slow store, or behind lines that are held. */
  readonly maxBytes: number;
}

interface Held extends BusRecord {
  readonly at: number;
}

/** What a record costs in memory beside its text, bytes. */
const overhead = 100;
const sizeOf = ({ channel, line }: BusRecord) => channel.length + line.length + overhead;

/** Seconds between two looks at what is held. */
const reviewInterval = 0.25;

/** Bytes that are held, beyond which what comes waits in its packed form, until it is known whose the held are. */
const heldEnough = 1024 * 1024;

/** Most places that are remembered. */
const maxRemembered = 100_000;

type Cache = Readonly<Record<RecordKindName, Map<string, readonly Place[]>>>;
const emptyCache = (): Cache => ({ trace: new Map(), telemetry: new Map(), event: new Map() });

/** Makes the way of records from the bus to the rows of the next transaction. */
export function createBusIntake(options: BusIntakeOptions): BusIntake {
  const { committer, sessions, sources, figures, clock, elapsed, log, bell, grace, maxBytes } = options;
  const filedIn = new WeakMap<Book, number>();
  /** Books that were changed since the last call of `commit`. */
  const changed = new Set<Book>();
  const strangers: Readonly<Record<RecordKindName, Set<string>>> = { trace: new Set(), telemetry: new Set(), event: new Set() };
  const ended = new AbortController();
  let books: readonly Book[] = [];
  /** How many of them are being closed. */
  let ending = 0;
  /** Places of sources of one producer; empty after every news. */
  let remembered = emptyCache();
  let held: Held[] = [];
  let heldBytes = 0;
  /** Batches that wait for room. */
  const backlog = createPackedQueue(maxBytes);
  let timer: NodeJS.Timeout | undefined;

  const look = () => {
    const now = options.books();
    const closing = now.filter(({ end }) => end !== undefined).length;
    if (closing === ending && now.length === books.length && now.every((book, i) => book === books[i])) return;
    books = now;
    // When a recording begins to be closed its producers' ends are not known yet.
    ending = closing;
    remembered = emptyCache();
  };

  /** The account that a record of this time is for: after a restart several producers have had the source. */
  const accountFor = (book: Book, owners: readonly string[], time: number): Account | undefined => {
    let found: Account | undefined;
    for (const owner of owners) {
      const account = book.accounts.get(owner);
      if (account !== undefined && account.from <= time && (found === undefined || account.from > found.from)) found = account;
    }
    return found;
  };

  /**
   * Will more be said about a producer's interval? By itself if it is there, or by who speaks for it. While nobody does, a record
   * of its source may be its own or already that of the one that takes its place.
   */
  const isAwaited = (book: Book, owner: string, owners: readonly string[]) => {
    const session = sessions.get(owner);
    const account = book.accounts.get(owner);
    if (session !== undefined) return session.ended ? account?.to === undefined : !knowsInterval(book, owner);
    if (account === undefined || account.to !== undefined) return false;
    // One that took its place may not have said yet that it has this source too.
    return !(sessions.isSuperseded(owner) && owners.some(other => sessions.get(other) !== undefined));
  };

  const placesOfOwners = (owners: readonly string[], time: number): readonly Place[] =>
    books.flatMap(book => {
      const account = accountFor(book, owners, time);
      return account === undefined ? [] : [{ book, account }];
    });

  const noteStranger = (kind: RecordKindName, source: string) => {
    const known = strangers[kind];
    if (known.has(source)) return;
    if (known.size >= maxRemembered) known.clear();
    known.add(source);
    const level = known.size === 1 ? 'info' : 'debug';
    log[level]({ kind, source }, 'records of a producer that states nothing: they are recorded as unverified');
  };

  const places = (final: boolean) => (kind: RecordKindName, source: string, time: number) => {
    const known = remembered[kind].get(source);
    if (known !== undefined) return known;
    const owners = sources.ownersOf(kind, source);
    if (owners.length === 0) {
      if (!final && !strangers[kind].has(source)) return undefined;
      noteStranger(kind, source);
      return books.map(book => ({ book, account: unverifiedAccount(book) }));
    }
    if (!final && books.some(book => owners.some(owner => isAwaited(book, owner, owners)))) return undefined;
    if (owners.length > 1) return placesOfOwners(owners, time);
    const found = placesOfOwners(owners, Number.POSITIVE_INFINITY);
    if (remembered[kind].size < maxRemembered) remembered[kind].set(source, found);
    return found;
  };

  /** Counts what is filed, per book. */
  const counting = (sink: Sink): Sink => {
    const count = (book: Book) => {
      filedIn.set(book, (filedIn.get(book) ?? 0) + 1);
      changed.add(book);
    };
    return {
      trace(book, trace) {
        count(book);
        sink.trace(book, trace);
      },
      telemetry(book, sample) {
        count(book);
        sink.telemetry(book, sample);
      },
      event(book, event) {
        count(book);
        sink.event(book, event);
      },
      deadLetter(rejected) {
        count(rejected.book);
        sink.deadLetter(rejected);
      },
    };
  };

  const filing = (final: boolean): Filing =>
    createFiling({
      books,
      places: places(final),
      producerId: unverifiedId,
      sink: counting(rowSink({ committer, clock, figures })),
    });

  /** The rows are complete: only now may the committer take them away. */
  const commit = () => {
    for (const book of changed) committer.touch(book);
    changed.clear();
    committer.added();
    bell.ring();
  };

  const hold = (record: Held) => {
    held.push(record);
    heldBytes += sizeOf(record);
    figures.held = held.length;
    schedule();
  };

  const schedule = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      fileLate();
      if (held.length > 0) schedule();
    }, reviewInterval * 1000);
  };

  const file = (records: readonly BusRecord[]) => {
    look();
    if (books.length === 0) return;
    const { file: fileRecord } = filing(false);
    for (const record of records) {
      const outcome = fileRecord(record.channel, record.line);
      if (outcome === 'held') hold({ ...record, at: clock.now() });
      else if (outcome === 'foreign') figures.unknownChannels++;
    }
    commit();
  };

  /** Looks again at the oldest of what is held; `final` files it as it stands. */
  const refile = (count: number, final: boolean) => {
    const [again, rest] = [held.slice(0, count), held.slice(count)];
    held = [];
    heldBytes = 0;
    look();
    if (books.length > 0) {
      const { file: fileRecord } = filing(final);
      for (const record of again) if (fileRecord(record.channel, record.line) === 'held') hold(record);
      for (const record of rest) hold(record);
      commit();
    }
    figures.held = held.length;
    bell.ring();
  };

  /** Nothing was learned about these for too long. They are in the order in which they came. */
  const fileLate = () => {
    const since = clock.now() - grace;
    const first = held.findIndex(({ at }) => at >= since);
    const late = first === -1 ? held.length : first;
    if (late > 0) refile(late, true);
  };

  const review = () => {
    remembered = emptyCache();
    fileLate();
    if (held.length > 0) refile(held.length, false);
  };

  const release = () => {
    if (held.length > 0) refile(held.length, true);
  };

  const mayFile = () => committer.hasRoom() && heldBytes < heldEnough;
  const fileOldest = () => file(backlog.shift());

  const wait = (records: readonly BusRecord[]) => {
    while (!backlog.push(records, elapsed())) {
      if (backlog.records > 0 && committer.hasRoom()) {
        // Rather filed as it stands than lost.
        if (heldBytes >= heldEnough) release();
        fileOldest();
        continue;
      }
      if (figures.overrun === 0) {
        log.error({ bytes: maxBytes }, 'the store is too slow: records of the bus are left to be sent again');
      }
      figures.overrun += records.length;
      return;
    }
  };

  const drainBacklog = async () => {
    while (await bell.until(() => backlog.records > 0 && mayFile(), ended.signal)) {
      fileOldest();
    }
  };
  const draining = drainBacklog();

  return {
    take(records) {
      figures.records += records.length;
      if (backlog.records > 0 || !mayFile()) wait(records);
      else file(records);
    },
    review,
    filed: book => filedIn.get(book) ?? 0,
    release,
    filedUntil: now => backlog.oldest ?? now,
    get waiting() {
      return backlog.records;
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await draining;
      while (backlog.records > 0) fileOldest();
      release();
      clearTimeout(timer);
    },
  };
}
