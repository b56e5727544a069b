import { type RecordKindName, recordKinds } from '@galileo/bus';
import { type Account, type Book, type NodeAccount, rejectedAt } from './book.ts';
import { type Counters, countOf, formatCounters, without } from './counters.ts';
import { plural, timeOfDay } from './mismatches.ts';
import { bucketLength } from './tally.ts';

/** What COUNT gives in the store for one experiment. */
export interface RowCounts {
  /** Per token: what stands before the colon of the request ids. */
  readonly traces: ReadonlyMap<string, number>;
  /** Per node. */
  readonly telemetry: ReadonlyMap<string, number>;
  readonly events: number;
  /** Dead letters per kind. */
  readonly rejected: ReadonlyMap<RecordKindName, number>;
}

/** What was found in the rows themselves where a count was wrong. */
export interface RowDetails {
  /** Per token the counters. */
  readonly counters: ReadonlyMap<string, Counters>;
  /** Per node and begin of a bucket the number of rows. */
  readonly buckets: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Tokens and nodes whose counts are wrong, so that their rows are worth a look. */
export interface Doubts {
  readonly tokens: ReadonlySet<string>;
  readonly nodes: ReadonlySet<string>;
}

function accountsOf(book: Book): Account[] {
  return [...book.accounts.values()];
}

/** Rows of one node as they were written, over all producers. */
function writtenPerNode(book: Book): Map<string, number> {
  const written = new Map<string, number>();
  for (const account of accountsOf(book)) {
    for (const node of account.telemetry.values()) {
      const rows = rowsOf(node);
      if (rows > 0 || written.has(node.node)) written.set(node.node, (written.get(node.node) ?? 0) + rows);
    }
  }
  return written;
}

/** Records of a node, or events of a producer, that have arrived, rejected ones among them. */
export function arrivedAt(node: NodeAccount): number {
  let count = node.archived.count;
  for (const { seen } of node.buckets.values()) count += seen.count;
  return count;
}

const rowsOf = (node: NodeAccount) => arrivedAt(node) - rejectedAt(node);

function writtenPerToken(book: Book): Map<string, { clientId: string; rows: number; seen: Counters; rejected: number }> {
  const written = new Map<string, { clientId: string; rows: number; seen: Counters; rejected: number }>();
  for (const account of accountsOf(book)) {
    for (const [token, { clientId, seen, rejected }] of account.clients) {
      const rows = countOf(seen) - rejected;
      if (rows > 0) written.set(token, { clientId, rows, seen, rejected });
    }
  }
  return written;
}

/** Dead letters of a kind as they were written. */
function rejectedOf(book: Book, kind: RecordKindName): number {
  let count = 0;
  for (const account of accountsOf(book)) {
    count += account.malformed[kind];
    if (kind === 'trace') for (const client of account.clients.values()) count += client.rejected;
    if (kind === 'telemetry') for (const node of account.telemetry.values()) count += rejectedAt(node);
    if (kind === 'event') count += rejectedAt(account.events);
  }
  for (const strangers of book.strangers.values()) count += strangers[kind];
  return count;
}

/** Which counts differ from what was written? */
export function doubtsAbout(book: Book, counts: RowCounts): Doubts {
  const tokens = writtenPerToken(book);
  const nodes = writtenPerNode(book);
  const wrong = (written: (key: string) => number, keys: Iterable<string>, found: ReadonlyMap<string, number>) =>
    new Set([...keys, ...found.keys()].filter(key => written(key) !== (found.get(key) ?? 0)));
  return {
    tokens: wrong(token => tokens.get(token)?.rows ?? 0, tokens.keys(), counts.traces),
    nodes: wrong(node => nodes.get(node) ?? 0, nodes.keys(), counts.telemetry),
  };
}

/** In which buckets of a node are there fewer rows than were written? */
function emptierBuckets(book: Book, node: string, found: ReadonlyMap<number, number>): string[] {
  const written = new Map<number, number>();
  for (const account of accountsOf(book)) {
    const of = account.telemetry.get(node);
    // Samples of sources that state nothing are in one bucket for all.
    if (of === undefined || account.unverified) continue;
    const add = (begin: number, count: number) => written.set(begin, (written.get(begin) ?? 0) + count);
    for (const [begin, { seen, rejected }] of of.buckets) add(begin, seen.count - rejected);
    for (const [begin, { tally, rejected }] of of.archive) add(begin, tally.count - rejected);
  }
  return [...written]
    .filter(([begin, count]) => (found.get(begin) ?? 0) !== count)
    .sort(([one], [other]) => one - other)
    .map(
      ([begin, count]) =>
        `telemetry of ${node}, ${bucketLength} s from ${timeOfDay(begin)}: ${found.get(begin) ?? 0} rows in the store, ${count} were written`,
    );
}

/** Every difference between what was written and the rows that the store counts now, in words. */
export function rowMismatches(book: Book, counts: RowCounts, details: RowDetails | undefined): string[] {
  const lines: string[] = [];
  const { tokens, nodes } = doubtsAbout(book, counts);
  const perToken = writtenPerToken(book);
  for (const token of tokens) {
    const written = perToken.get(token);
    const found = counts.traces.get(token) ?? 0;
    const who = written === undefined ? `with the token ${token}` : `of client ${written.clientId}`;
    const stored = details?.counters.get(token);
    const gone = written === undefined || written.rejected > 0 || stored === undefined ? [] : without(written.seen, stored);
    const which = gone.length === 0 ? '' : `: counters ${formatCounters(gone)} are gone`;
    lines.push(`traces ${who}: ${found} rows in the store, ${written?.rows ?? 0} were written${which}`);
  }
  const perNode = writtenPerNode(book);
  for (const node of nodes) {
    const found = counts.telemetry.get(node) ?? 0;
    lines.push(`telemetry of ${node}: ${found} rows in the store, ${perNode.get(node) ?? 0} were written`);
    const buckets = details?.buckets.get(node);
    if (buckets !== undefined) lines.push(...emptierBuckets(book, node, buckets));
  }
  const events = accountsOf(book).reduce((sum, account) => sum + rowsOf(account.events), 0);
  if (events !== counts.events) lines.push(`events: ${counts.events} rows in the store, ${events} were written`);
  for (const kind of recordKinds) {
    const found = counts.rejected.get(kind) ?? 0;
    const written = rejectedOf(book, kind);
    if (found !== written) lines.push(`${plural[kind]}: ${found} dead letters in the store, ${written} were written`);
  }
  return lines;
}
