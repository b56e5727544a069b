import type { Doorbell } from '@galileo/bus';
import type { Ledger, RecordCounters, WatchRecordingResponse } from '@galileo/proto/recorder';
import { type Book, kindNumber, liveFigures } from '@galileo/reconcile';
import type { Clock } from '@galileo/service';
import type { BusIntake } from './bus-intake.ts';
import type { Committer } from './committer.ts';
import { StoppingError } from './errors.ts';
import type { Lookup } from './lookup.ts';
import type { Recordings } from './recordings.ts';
import type { Sessions } from './sessions.ts';
import type { IntakeFigures } from './sink.ts';

export interface WatchOptions {
  readonly recordings: Pick<Recordings, 'current'>;
  readonly lookup: Pick<Lookup, 'view'>;
  readonly sessions: Pick<Sessions, 'get' | 'all'>;
  readonly committer: Pick<Committer, 'waiting' | 'waitingOf'>;
  readonly busIntake: Pick<BusIntake, 'waiting'>;
  readonly figures: Pick<IntakeFigures, 'held'>;
  readonly clock: Clock;
  readonly bell: Doorbell;
  /** Aborts when the recorder ends. */
  readonly signal: AbortSignal;
}

type Counted = Omit<RecordCounters, 'rate'>;

/** What was stored at some time, from which the next rates follow. */
interface Mark {
  readonly at: number;
  readonly stored: ReadonlyMap<RecordCounters['kind'], number>;
}

function withRates(counters: readonly Counted[], at: number, before: Mark): RecordCounters[] {
  const span = at - before.at;
  return counters.map(counter => {
    const stored = counter.stored - (before.stored.get(counter.kind) ?? 0);
    return { ...counter, rate: span > 0 ? Math.max(0, stored / span) : 0 };
  });
}

const markOf = (counters: readonly Counted[], at: number): Mark => ({
  at,
  stored: new Map(counters.map(({ kind, stored }) => [kind, stored])),
});

/**
 * Tells how far a recording is: at once, every `interval` seconds, and when it has ended. What is stored is what has arrived
 * without what still waits, so that no table is counted.
 * @throws NoRecordingError, StoppingError
 */
export async function* watchRecording(
  options: WatchOptions,
  id: string,
  interval: number,
  signal: AbortSignal,
): AsyncGenerator<WatchRecordingResponse> {
  const { recordings, lookup, clock, bell } = options;
  let mark: Mark | undefined;
  for (;;) {
    const at = clock.now();
    const book = recordings.current(id);
    const ended = book === undefined ? await lookup.view(id) : undefined;
    const start = book?.start ?? ended!.start;
    const counted = book === undefined ? countersOfLedger(ended!.ledger) : countersOfBook(options, book);
    const counters = withRates(counted, at, mark ?? { at: start, stored: new Map() });
    mark = markOf(counted, at);
    if (book === undefined) {
      yield { ...producersAtEnd, ...backlog(options), at, start, counters, closing: true, ended: true, ledger: ended!.ledger };
      return;
    }
    const closing = book.end !== undefined;
    yield { ...producersOf(options, book), ...backlog(options), at, start, counters, closing, ended: false, ledger: undefined };
    await bell.until(() => recordings.current(id) !== book, signal, Math.max(0, at + interval - clock.now()));
    if (options.signal.aborted) throw new StoppingError();
    if (signal.aborted) return;
  }
}

function countersOfBook({ committer }: WatchOptions, book: Book): Counted[] {
  const waiting = committer.waitingOf(book.recordingId);
  return liveFigures(book).map(({ kind, arrived, rejected, produced, lost, unverified }) => ({
    kind: kindNumber(kind),
    produced,
    stored: arrived - rejected - waiting.stored[kind],
    rejected: rejected - waiting.rejected[kind],
    lost,
    unverified,
  }));
}

const countersOfLedger = ({ entries }: Ledger): Counted[] => entries.map(({ unsettled: _, ...counters }) => counters);

const backlog = ({ committer, busIntake, figures }: WatchOptions) => ({
  backlog: committer.waiting + busIntake.waiting,
  held: figures.held,
});

/** Of a recording that has ended nobody takes part any more. */
const producersAtEnd = { producers: 0, connectedProducers: 0, finalProducers: 0 };

function producersOf({ sessions }: WatchOptions, book: Book) {
  const stating = [...book.accounts.values()].filter(account => !account.unverified);
  const coming = [...sessions.all()].filter(({ producerId }) => !book.accounts.has(producerId)).length;
  return {
    producers: stating.length + coming,
    connectedProducers: stating.filter(({ producerId }) => sessions.get(producerId) !== undefined).length + coming,
    finalProducers: stating.filter(({ final }) => final).length,
  };
}
