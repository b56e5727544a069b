import { type RecordKindName, recordKinds } from '@galileo/bus';
import { type Account, type Book, rejectedAt } from './book.ts';
import { arrivedFrom, producedBy } from './ledger.ts';

/** How far a recording is with one kind of record, as its book says. */
export interface LiveFigures {
  readonly kind: RecordKindName;
  /** What the producers have stated, and what has arrived beyond that. */
  readonly produced: number;
  /** What has arrived, rejected records among it. */
  readonly arrived: number;
  /** What has arrived and can't be stored. */
  readonly rejected: number;
  /** What the producers have declared lost so far. */
  readonly lost: number;
  /** Of those produced: records of sources that state nothing. */
  readonly unverified: number;
}

function rejectedFrom({ clients, telemetry, events, malformed }: Account, kind: RecordKindName): number {
  let count = malformed[kind];
  if (kind === 'trace') for (const { rejected } of clients.values()) count += rejected;
  if (kind === 'telemetry') for (const node of telemetry.values()) count += rejectedAt(node);
  if (kind === 'event') count += rejectedAt(events);
  return count;
}

function figuresOf(book: Book, kind: RecordKindName): LiveFigures {
  const figures = { kind, produced: 0, arrived: 0, rejected: 0, lost: 0, unverified: 0 };
  for (const account of book.accounts.values()) {
    const arrived = arrivedFrom(account, kind);
    figures.produced += producedBy(account, kind);
    figures.arrived += arrived;
    figures.rejected += rejectedFrom(account, kind);
    figures.lost += account.lost[kind];
    if (account.unverified) figures.unverified += arrived;
  }
  for (const malformed of book.strangers.values()) {
    figures.arrived += malformed[kind];
    figures.rejected += malformed[kind];
  }
  return figures;
}

/**
 * The figures of a recording that is open, one entry per kind that is recorded. They come from the book alone, so that they
 * cost the store nothing: some microseconds per client and node, however many records there are.
 */
export function liveFigures(book: Book): LiveFigures[] {
  return recordKinds.filter(kind => book.predicate.kind(kind)).map(kind => figuresOf(book, kind));
}
