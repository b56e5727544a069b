import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { Ledger, LedgerEntry } from '@galileo/proto/recorder';
import type { Account, Book, NodeAccount } from './book.ts';
import { countOf, without } from './counters.ts';
import { kindNumber } from './filter.ts';
import { arrivalMismatches, lostBy, plural, statedBy } from './mismatches.ts';
import { isComplete } from './repair.ts';
import { arrivedAt, type RowCounts, type RowDetails, rowMismatches } from './row-mismatches.ts';

/** Most mismatches that are written out. */
const maxMismatches = 200;

/**
 * What a producer has counted. Of one that gave no final figures only a lower bound is known: what it has stated, and what
 * has arrived besides.
 */
export function producedBy(account: Account, kind: RecordKindName): number {
  if (account.unverified) return arrivedFrom(account, kind);
  if (account.final) return account.produced?.[kind] ?? statedBy(account, kind);
  let count = 0;
  if (kind === 'trace') {
    for (const { seen, stated } of account.clients.values()) {
      count += (stated?.produced ?? 0) + countOf(without(seen, stated?.expected ?? []));
    }
  }
  if (kind === 'telemetry') for (const node of account.telemetry.values()) count += atLeastProducedAt(node);
  if (kind === 'event') count += atLeastProducedAt(account.events);
  return count;
}

function atLeastProducedAt({ buckets, archived }: NodeAccount): number {
  let count = archived.count;
  for (const { seen, stated } of buckets.values()) count += Math.max(stated?.count ?? 0, seen.count);
  return count;
}

/** What has arrived of a producer; all that is known of one that states nothing. */
export function arrivedFrom({ clients, telemetry, events, malformed }: Account, kind: RecordKindName): number {
  let count = malformed[kind];
  if (kind === 'trace') for (const { seen } of clients.values()) count += countOf(seen);
  if (kind === 'telemetry') for (const node of telemetry.values()) count += arrivedAt(node);
  if (kind === 'event') count += arrivedAt(events);
  return count;
}

const sumOf = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);

function entryOf(
  book: Book,
  kind: RecordKindName,
  counts: RowCounts,
  lostBy: (account: Account, kind: RecordKindName) => number,
): LedgerEntry {
  const accounts = [...book.accounts.values()];
  const unverified = accounts.filter(account => account.unverified);
  const stored = { trace: () => sumOf(counts.traces), telemetry: () => sumOf(counts.telemetry), event: () => counts.events };
  return {
    kind: kindNumber(kind),
    produced: accounts.reduce((sum, account) => sum + producedBy(account, kind), 0),
    stored: stored[kind](),
    rejected: counts.rejected.get(kind) ?? 0,
    lost: accounts.reduce((sum, account) => sum + lostBy(account, kind), 0),
    unverified: unverified.reduce((sum, account) => sum + arrivedFrom(account, kind), 0),
    unsettled: kind === 'trace' ? accounts.reduce((sum, account) => sum + account.unsettled, 0) : 0,
  };
}

function totalMismatch(kind: RecordKindName, { produced, stored, rejected, lost }: LedgerEntry): string | undefined {
  const difference = produced - stored - rejected - lost;
  if (difference === 0) return undefined;
  const verdict = difference > 0 ? `${difference} missing` : `${-difference} too many`;
  return `${plural[kind]}: ${produced} produced, ${stored} stored, ${rejected} rejected, ${lost} lost: ${verdict}`;
}

const recordedKinds = (book: Book) => recordKinds.filter(kind => book.predicate.kind(kind));

/** The ledger of a recording that is open: the figures as they stand, without a verdict. */
export function provisionalLedger(book: Book, counts: RowCounts): Ledger {
  return {
    entries: recordedKinds(book).map(kind => entryOf(book, kind, counts, (account, of) => account.lost[of])),
    final: false,
    mismatches: [],
    missingProducers: [],
  };
}

/**
 * The ledger of a recording that has ended, `produced = stored + rejected + lost` per kind, with every mismatch in words.
 * `produced` comes from the producers, `stored` and `rejected` are counted in the store, and what has arrived is compared
 * with both: so a record that nobody has any more is counted as lost, and a row that was deleted later is missing. It is final
 * when nothing can change it any more.
 * `absent` are producers that never said where their interval begins.
 */
export function finalLedger(
  book: Book,
  counts: RowCounts,
  details: RowDetails | undefined,
  absent: readonly string[] = [],
): Ledger {
  const kinds = recordedKinds(book);
  const entries = kinds.map(kind => entryOf(book, kind, counts, lostBy));
  const totals = kinds.map((kind, i) => totalMismatch(kind, entries[i]!)).filter(line => line !== undefined);
  const mismatches = [...totals, ...arrivalMismatches(book), ...rowMismatches(book, counts, details)];
  const unfinished = [...book.accounts.values()].filter(account => !isComplete(account)).map(account => account.producerId);
  // One that was absent may have come since.
  const missingProducers = [...unfinished, ...absent.filter(id => !book.accounts.has(id))];
  const surplus = mismatches.length - maxMismatches;
  return {
    entries,
    final: missingProducers.length === 0,
    mismatches: surplus > 0 ? [...mismatches.slice(0, maxMismatches), `and ${surplus} more mismatches`] : mismatches,
    missingProducers,
  };
}
