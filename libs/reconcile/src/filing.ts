import type { RecordKindName } from '@galileo/bus';
import {
  eventChannel,
  type GalileoEvent,
  parseEvent,
  parseTelemetry,
  parseTrace,
  type TelemetrySample,
  type Trace,
  traceChannel,
} from '@galileo/wire';
import { type BucketRecord, covers, eventArrived, malformedArrived, sampleArrived, traceArrived } from './arrivals.ts';
import type { Account, Book } from './book.ts';
import { noteResent, type Question } from './repair.ts';
import { parseRequestId } from './request-id.ts';
import { telemetryKey } from './telemetry-key.ts';

/** Takes what is to be written for a recording. */
export interface Sink {
  trace(book: Book, trace: Trace): void;
  telemetry(book: Book, sample: TelemetrySample): void;
  event(book: Book, event: GalileoEvent): void;
  /** A record that can't be stored, with the reason; reasons are few, so that they can be counted by. */
  deadLetter(letter: Rejected): void;
}

/** A record that can't be stored. */
export interface Rejected {
  readonly book: Book;
  /** Whose it is, as far as that is known. */
  readonly producerId: string;
  readonly kind: RecordKindName;
  readonly reason: string;
  readonly channel: string;
  readonly line: string;
}

/** A recording with the account of a record's producer. */
export interface Place {
  readonly book: Book;
  readonly account: Account;
}

/**
 * Finds where the records of a source belong: the token of a client's traces, the node of telemetry, the name of an event.
 * `time` is the record's, finite. Undefined if that can't be told yet.
 */
export type FindPlaces = (kind: RecordKindName, source: string, time: number) => readonly Place[] | undefined;

export interface FilingOptions {
  /** The open recordings. */
  readonly books: readonly Book[];
  readonly places: FindPlaces;
  /** Whose records those are of which nobody can tell to which recording they belong. */
  readonly producerId: string;
  /** Number of the producer's batch, where records come in numbered batches. */
  readonly sequence?: number;
  /** The records are sent again, as an answer to this. */
  readonly question?: Question;
  readonly sink: Sink;
}

/** What became of a record. */
export type Filed = 'filed' | 'held' | 'foreign';

/** Files records. */
export interface Filing {
  /**
   * Files a record in every recording that it belongs to.
   * @returns 'held' if it can't be told yet where the record belongs, so that nothing was done; 'foreign' if the channel is
   *   none of Galileo's, so that not even the kind is known.
   */
  file(channel: string, line: string): Filed;
}

const telemetryPrefix = 'telem/';

function traceFault(trace: Trace): string | undefined {
  if (!Number.isFinite(trace.sent)) return 'sent is not finite';
  if (!Number.isFinite(trace.done)) return 'done is not finite';
  return undefined;
}

/** The places of one producer, whose interval must be known in all recordings in which it takes part. */
export function placesOf(books: readonly Book[], producerId: string): readonly Place[] {
  return books.flatMap(book => {
    const account = book.accounts.get(producerId);
    return account === undefined ? [] : [{ book, account }];
  });
}

/** Files records by the recordings' predicates and their producers' intervals, counting each in the books. */
export function createFiling(options: FilingOptions): Filing {
  const { books, places, producerId, sequence, question, sink } = options;

  const mark = (account: Account) => {
    if (sequence !== undefined) account.sequence = sequence;
  };

  /** Nobody can tell to which recording the line belongs: it goes to each that records this kind. */
  const fileMalformed = (kind: RecordKindName, reason: string, channel: string, line: string): Filed => {
    // A copy can't be told from another record.
    if (question !== undefined) return 'filed';
    for (const book of books) {
      if (!book.predicate.kind(kind)) continue;
      malformedArrived(book, producerId, kind);
      const account = book.accounts.get(producerId);
      if (account !== undefined) mark(account);
      sink.deadLetter({ book, producerId, kind, reason, channel, line });
    }
    return 'filed';
  };

  const fileTelemetry = (channel: string, line: string): Filed => {
    const result = parseTelemetry(channel, line);
    if (!result.ok) return fileMalformed('telemetry', result.reason, channel, line);
    const sample = result.value;
    if (!Number.isFinite(sample.timestamp)) return fileMalformed('telemetry', 'timestamp is not finite', channel, line);
    const found = places('telemetry', sample.node, sample.timestamp);
    if (found === undefined) return 'held';
    const storable = Number.isFinite(sample.value);
    const record: BucketRecord = { time: sample.timestamp, channel, key: telemetryKey(line), rejected: !storable };
    for (const { book, account } of found) {
      if (!covers(account, sample.timestamp) || !book.predicate.telemetry(sample.node)) continue;
      if (question === undefined) sampleArrived(account, sample.node, record);
      else if (!noteResent(question, account.telemetry.get(sample.node), record)) continue;
      mark(account);
      if (storable) sink.telemetry(book, sample);
      else {
        const reason = 'value is not finite';
        sink.deadLetter({ book, producerId: account.producerId, kind: 'telemetry', reason, channel, line });
      }
    }
    return 'filed';
  };

  const fileTrace = (channel: string, line: string): Filed => {
    const result = parseTrace(line);
    if (!result.ok) return fileMalformed('trace', result.reason, channel, line);
    const trace = result.value;
    if (!Number.isFinite(trace.created)) return fileMalformed('trace', 'created is not finite', channel, line);
    const id = parseRequestId(trace.requestId);
    const found = places('trace', id?.token ?? trace.requestId, trace.created);
    if (found === undefined) return 'held';
    const fault = traceFault(trace);
    for (const { book, account } of found) {
      if (!covers(account, trace.created) || !book.predicate.trace(trace.service, trace.client)) continue;
      mark(account);
      if (id === undefined) {
        malformedArrived(book, account.producerId, 'trace');
        const reason = 'request id is not <token>:<counter>';
        sink.deadLetter({ book, producerId: account.producerId, kind: 'trace', reason, channel, line });
      } else if (traceArrived(account, trace.client, id.token, id.counter, fault !== undefined)) {
        if (fault === undefined) sink.trace(book, trace);
        else sink.deadLetter({ book, producerId: account.producerId, kind: 'trace', reason: fault, channel, line });
      }
    }
    return 'filed';
  };

  const fileEvent = (channel: string, line: string): Filed => {
    const result = parseEvent(line);
    if (!result.ok) return fileMalformed('event', result.reason, channel, line);
    const event = result.value;
    if (!Number.isFinite(event.timestamp)) return fileMalformed('event', 'timestamp is not finite', channel, line);
    const found = places('event', event.name, event.timestamp);
    if (found === undefined) return 'held';
    const record: BucketRecord = { time: event.timestamp, channel, key: line, rejected: false };
    for (const { book, account } of found) {
      if (!covers(account, event.timestamp) || !book.predicate.event()) continue;
      if (question === undefined) eventArrived(account, record);
      else if (!noteResent(question, account.events, record)) continue;
      mark(account);
      sink.event(book, event);
    }
    return 'filed';
  };

  return {
    file(channel, line) {
      if (channel.startsWith(telemetryPrefix)) return fileTelemetry(channel, line);
      if (channel === traceChannel) return fileTrace(channel, line);
      if (channel === eventChannel) return fileEvent(channel, line);
      return 'foreign';
    },
  };
}
