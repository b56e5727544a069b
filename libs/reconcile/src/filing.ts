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
import { covers, eventArrived, malformedArrived, sampleArrived, traceArrived } from './arrivals.ts';
import type { Account, Book } from './book.ts';
import { parseRequestId } from './request-id.ts';
import { telemetryKey } from './telemetry-key.ts';

/** Takes what is to be written for a recording. */
export interface Sink {
  trace(book: Book, trace: Trace): void;
  telemetry(book: Book, sample: TelemetrySample): void;
  event(book: Book, event: GalileoEvent): void;
  /** A record that can't be stored, with the reason; reasons are few, so that they can be counted by. */
  deadLetter(book: Book, kind: RecordKindName, reason: string, channel: string, line: string): void;
}

/** Files the records of one batch. */
export interface Filing {
  /**
   * Files a record in every recording that it belongs to.
   * @returns false if the channel is none of Galileo's, so that not even the kind is known.
   */
  file(channel: string, line: string): boolean;
}

const telemetryPrefix = 'telem/';

function traceFault(trace: Trace): string | undefined {
  if (!Number.isFinite(trace.sent)) return 'sent is not finite';
  if (!Number.isFinite(trace.done)) return 'done is not finite';
  return undefined;
}

/**
 * Files records of a producer's batch: by the recordings' predicates and the producer's intervals, counting each in the
 * books. `books` are the open recordings; the interval of the producer must be known in all in which it takes part.
 */
export function createFiling(books: readonly Book[], producerId: string, sequence: number, sink: Sink): Filing {
  const places: { book: Book; account: Account }[] = [];
  for (const book of books) {
    const account = book.accounts.get(producerId);
    if (account !== undefined) places.push({ book, account });
  }

  /** Nobody can tell to which recording the line belongs: it goes to each that records this kind. */
  const fileMalformed = (kind: RecordKindName, reason: string, channel: string, line: string) => {
    for (const book of books) {
      if (!book.predicate.kind(kind)) continue;
      malformedArrived(book, producerId, kind);
      const account = book.accounts.get(producerId);
      if (account !== undefined) account.sequence = sequence;
      sink.deadLetter(book, kind, reason, channel, line);
    }
  };

  const fileTelemetry = (channel: string, line: string) => {
    const result = parseTelemetry(channel, line);
    if (!result.ok) return fileMalformed('telemetry', result.reason, channel, line);
    const sample = result.value;
    if (!Number.isFinite(sample.timestamp)) return fileMalformed('telemetry', 'timestamp is not finite', channel, line);
    const storable = Number.isFinite(sample.value);
    for (const { book, account } of places) {
      if (!covers(account, sample.timestamp) || !book.predicate.telemetry(sample.node)) continue;
      sampleArrived(account, sample.node, sample.timestamp, channel, telemetryKey(line), !storable);
      account.sequence = sequence;
      if (storable) sink.telemetry(book, sample);
      else sink.deadLetter(book, 'telemetry', 'value is not finite', channel, line);
    }
  };

  const fileTrace = (channel: string, line: string) => {
    const result = parseTrace(line);
    if (!result.ok) return fileMalformed('trace', result.reason, channel, line);
    const trace = result.value;
    if (!Number.isFinite(trace.created)) return fileMalformed('trace', 'created is not finite', channel, line);
    const id = parseRequestId(trace.requestId);
    const fault = traceFault(trace);
    for (const { book, account } of places) {
      if (!covers(account, trace.created) || !book.predicate.trace(trace.service, trace.client)) continue;
      account.sequence = sequence;
      if (id === undefined) {
        malformedArrived(book, producerId, 'trace');
        sink.deadLetter(book, 'trace', 'request id is not <token>:<counter>', channel, line);
      } else if (traceArrived(account, trace.client, id.token, id.counter, fault !== undefined)) {
        if (fault === undefined) sink.trace(book, trace);
        else sink.deadLetter(book, 'trace', fault, channel, line);
      }
    }
  };

  const fileEvent = (channel: string, line: string) => {
    const result = parseEvent(line);
    if (!result.ok) return fileMalformed('event', result.reason, channel, line);
    const event = result.value;
    if (!Number.isFinite(event.timestamp)) return fileMalformed('event', 'timestamp is not finite', channel, line);
    for (const { book, account } of places) {
      if (!covers(account, event.timestamp) || !book.predicate.event()) continue;
      eventArrived(account, event.timestamp, channel, line, false);
      account.sequence = sequence;
      sink.event(book, event);
    }
  };

  return {
    file(channel, line) {
      if (channel.startsWith(telemetryPrefix)) fileTelemetry(channel, line);
      else if (channel === traceChannel) fileTrace(channel, line);
      else if (channel === eventChannel) fileEvent(channel, line);
      else return false;
      return true;
    },
  };
}
