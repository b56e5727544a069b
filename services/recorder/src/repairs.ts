import type { Doorbell } from '@galileo/bus';
import { createDoorbell } from '@galileo/bus';
import type { ExperimentStore } from '@galileo/expdb';
import type { Resent } from '@galileo/proto/recorder';
import {
  type Account,
  type Book,
  bucketsToCount,
  conclude,
  createFiling,
  type Question,
  questionFor,
  takeDurable,
} from '@galileo/reconcile';
import type { Clock, Logger } from '@galileo/service';
import type { Committer, Progress } from './committer.ts';
import type { CountBucket } from './count-bucket.ts';
import type { Session, Sessions } from './sessions.ts';
import { type IntakeFigures, rowSink } from './sink.ts';

/** Asks producers for what is missing, takes what they send again, and tells them what is durable. */
export interface Repairs extends AsyncDisposable {
  /** A producer has sent records again. What it was not asked for is dropped. */
  take(session: Session, message: Resent): void;
  /** The producer has gone: what it was asked for is asked again when it is back. */
  gone(session: Session): void;
  /** Commits the books as they are, and tells their producers what is durable. @throws StoreError, StoppingError */
  acknowledge(books: readonly Book[]): Promise<void>;
}

export interface RepairsOptions {
  /** The recordings whose records are accepted. */
  books(): readonly Book[];
  readonly sessions: Pick<Sessions, 'get' | 'all'>;
  readonly committer: Pick<Committer, 'rows' | 'added' | 'touch' | 'flush' | 'hasRoom'>;
  /** Time up to which everything that came over the bus is filed, given the present; monotonic, seconds. */
  filedUntil(now: number): number;
  /** How far a producer's batches have come. */
  progress(producerId: string): Progress;
  readonly countBucket: CountBucket;
  readonly store: Pick<ExperimentStore, 'sync'>;
  /** Called after each look at the books. */
  onReviewed(): void;
  readonly figures: IntakeFigures;
  readonly clock: Clock;
  /** Monotonic time, seconds. */
  elapsed(): number;
  readonly log: Logger;
  /** Rung when something was repaired. */
  readonly bell: Doorbell;
}

/** Seconds between two looks, and between two acknowledgements. */
const reviewInterval = 0.25;
const acknowledgeInterval = 1;

/** So many producers are asked at a time, so that what they send has room. */
const maxQuestions = 4;

/** A batch that was announced and does not come is given up after so many seconds: its records are asked for. */
const batchPatience = 10;

/** Starts looking after the books. */
export function startRepairs(options: RepairsOptions): Repairs {
  const { sessions, committer, figures, clock, elapsed, log, bell } = options;
  const questions = new Map<Session, { book: Book; question: Question }>();
  const ended = new AbortController();
  const nudge = createDoorbell();
  let nudged = false;
  let acknowledged = elapsed();

  /** Time up to which everything that the producer has published is filed, as far as that can be known. */
  const arrivedUntil = ({ producerId, awaitedSequence }: Account, now: number) => {
    if (awaitedSequence === 0) return options.filedUntil(now);
    return options.progress(producerId).accepted >= awaitedSequence ? now : now - batchPatience;
  };

  const ask = (session: Session) => {
    if (questions.has(session) || questions.size >= maxQuestions || !committer.hasRoom()) return;
    for (const book of options.books()) {
      const account = book.accounts.get(session.producerId);
      const question = account && questionFor(book, account, arrivedUntil(account, elapsed()));
      if (question === undefined) continue;
      questions.set(session, { book, question });
      session.mailbox.send({ message: { $case: 'missing', value: question.message } });
      return;
    }
  };

  const count = async (book: Book, account: Account) => {
    for (const place of bucketsToCount(account)) {
      const bucket = place.node.buckets.get(place.begin);
      if (bucket === undefined) continue;
      const { dirty } = bucket;
      await committer.flush();
      Object.assign(bucket, await options.countBucket(book, account, place));
      // What has arrived meanwhile may be counted or not: it will be counted again.
      bucket.dirty -= dirty;
      committer.touch(book);
      bell.ring();
    }
  };

  const acknowledge = async (books: readonly Book[]) => {
    const said = books.flatMap(book =>
      [...book.accounts.values()].flatMap(account => {
        const session = sessions.get(account.producerId);
        const durable = session && takeDurable(book, account);
        if (durable === undefined) return [];
        committer.touch(book);
        return [{ session: session!, durable }];
      }),
    );
    if (said.length === 0) return;
    await committer.flush();
    await options.store.sync();
    for (const { session, durable } of said) session.mailbox.send({ message: { $case: 'durable', value: durable } });
  };

  const review = async () => {
    for (const session of sessions.all()) ask(session);
    for (const book of options.books()) for (const account of book.accounts.values()) await count(book, account);
    if (elapsed() - acknowledged >= acknowledgeInterval) {
      acknowledged = elapsed();
      await acknowledge(options.books());
    }
    options.onReviewed();
  };

  const run = async () => {
    for (;;) {
      await nudge.until(() => nudged, ended.signal, reviewInterval);
      if (ended.signal.aborted) return;
      nudged = false;
      try {
        await review();
      } catch (error) {
        // Whoever flushes meets the same error, and the committer tells of it.
        if (!ended.signal.aborted) log.debug({ err: error }, 'the books could not be reviewed');
      }
    }
  };
  const running = run();

  return {
    take(session, { recordingId, records, done }) {
      const asked = questions.get(session);
      if (asked === undefined || asked.book.recordingId !== recordingId) return;
      const { book, question } = asked;
      const { account } = question;
      const sink = rowSink({ committer, clock, figures });
      const filing = createFiling({
        books: [book],
        places: () => [{ book, account }],
        producerId: account.producerId,
        question,
        sink,
      });
      figures.resentRecords += records.length;
      for (const { channel, line } of records) filing.file(channel, line.toString());
      if (done) {
        questions.delete(session);
        conclude(question);
      }
      committer.touch(book);
      committer.added();
      if (!done) return;
      nudged = true;
      nudge.ring();
      bell.ring();
    },
    gone(session) {
      questions.delete(session);
    },
    acknowledge,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await running;
    },
  };
}
