import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { Account, Book, BucketAccount, ClientAccount, NodeAccount } from './book.ts';
import { countOf, formatCounters, without } from './counters.ts';
import { bucketLength, sameTally, type Tally } from './tally.ts';

/** Name of a kind's records in sentences. */
export const plural: Readonly<Record<RecordKindName, string>> = { trace: 'traces', telemetry: 'telemetry', event: 'events' };

/** A time of day for people: `12:00:05Z`. */
export function timeOfDay(time: number): string {
  const date = new Date(time * 1000);
  return Number.isNaN(date.getTime()) ? `${time} s` : `${date.toISOString().slice(11, 19)}Z`;
}

/** Of which node, or producer, the records are. */
const ownerOf = ({ kind, node }: NodeAccount) => `${plural[kind]} of ${node}`;

/** What comparing the records of one kind of one producer has shown. */
interface Findings {
  /** Records that were stated and have not arrived. */
  missing: number;
  /** Those of them that may yet be sent again. */
  open: number;
  /** Those, in words. */
  readonly gaps: string[];
  /** All other differences, in words. */
  readonly others: string[];
}

const noFindings = (): Findings => ({ missing: 0, open: 0, gaps: [], others: [] });

function compareClient(client: ClientAccount, final: boolean, found: Findings): void {
  const { clientId, seen, stated, unavailable } = client;
  if (stated === undefined) {
    // A producer that never gave figures is named as a whole; one that did has forgotten this client.
    if (final) found.others.push(`traces of client ${clientId}: ${countOf(seen)} arrived that its producer did not state`);
    return;
  }
  const expected = countOf(stated.expected);
  const missing = without(stated.expected, seen);
  found.missing += countOf(missing);
  const open = without(missing, unavailable);
  if (open.length > 0) {
    const count = countOf(open);
    found.open += count;
    found.gaps.push(`traces of client ${clientId}: ${count} of ${expected} missing: counters ${formatCounters(open)}`);
  }
  const extra = without(seen, stated.expected);
  if (final && extra.length > 0) {
    found.others.push(
      `traces of client ${clientId}: ${countOf(extra)} arrived that its producer did not state: counters ${formatCounters(extra)}`,
    );
  }
  if (stated.produced !== expected) {
    found.others.push(`traces of client ${clientId}: its producer counts ${stated.produced}, but names ${expected}`);
  }
}

function compareBucket(what: string, bucket: BucketAccount, final: boolean, found: Findings): void {
  const { seen, rejected, stated = nothing, unavailable, version } = bucket;
  const stored = rejected > 0 ? 'stored or rejected' : 'stored';
  const counts = `${what}: ${seen.count} ${stored}, ${stated.count} produced`;
  if (seen.count < stated.count) {
    found.missing += stated.count - seen.count;
    if (unavailable === version) return;
    found.open += stated.count - seen.count;
    found.gaps.push(counts);
  } else if (seen.count > stated.count) {
    if (final) found.others.push(counts);
  } else if (!sameTally(seen, stated)) {
    found.others.push(`${what}: ${seen.count} ${stored} and as many produced, but not the same ones`);
  }
}

const nothing: Tally = { count: 0, high: 0, low: 0 };

function compareNode(node: NodeAccount, final: boolean, found: Findings): void {
  for (const [begin, bucket] of [...node.buckets].sort(([one], [other]) => one - other)) {
    if (bucket.stated === undefined && !final) continue;
    compareBucket(`${ownerOf(node)}, ${bucketLength} s from ${timeOfDay(begin)}`, bucket, final, found);
  }
}

function compare(account: Account, kind: RecordKindName): Findings {
  const { final } = account;
  const found = noFindings();
  if (kind === 'trace') for (const client of account.clients.values()) compareClient(client, final, found);
  if (kind === 'telemetry') for (const node of account.telemetry.values()) compareNode(node, final, found);
  if (kind === 'event') compareNode(account.events, final, found);
  return found;
}

/** Records that the producer has named, per client or bucket. */
export function statedBy(account: Account, kind: RecordKindName): number {
  let count = 0;
  if (kind === 'trace') for (const { stated } of account.clients.values()) count += stated?.produced ?? 0;
  if (kind === 'telemetry') for (const node of account.telemetry.values()) count += statedAt(node);
  if (kind === 'event') count += statedAt(account.events);
  return count;
}

function statedAt({ buckets, archived }: NodeAccount): number {
  let count = archived.count;
  for (const { stated } of buckets.values()) count += stated?.count ?? 0;
  return count;
}

/** Records of a producer that it declares lost, or states as published and that have not arrived. */
export function lostBy(account: Account, kind: RecordKindName): number {
  if (account.unverified) return 0;
  // Malformed records have arrived, though nobody can tell which they are.
  return Math.max(account.lost[kind], compare(account, kind).missing - account.malformed[kind]);
}

function conclude(account: Account, kind: RecordKindName): string[] {
  const found = compare(account, kind);
  const lost = account.lost[kind];
  const malformed = account.malformed[kind];
  const { produced, final, producerId } = account;
  const stated = statedBy(account, kind);
  if (final && produced !== undefined && produced[kind] !== stated) {
    found.others.push(`${plural[kind]} of producer ${producerId}: it counts ${produced[kind]}, but has stated ${stated}`);
  }
  // Lost and malformed records are known by number only: if that is exactly what is missing, nothing is unexplained.
  if (found.open === 0 || found.open === lost + malformed) return found.others;
  if (lost + malformed === 0) return [...found.others, ...found.gaps];
  const sum = `${plural[kind]} of producer ${producerId}: ${found.open} missing, ${lost} declared lost, ${malformed} malformed`;
  return [...found.others, ...found.gaps, sum];
}

/** Every difference between what the producers state and what has arrived, in words; what is lost for good is none. */
export function arrivalMismatches(book: Book): string[] {
  const stating = [...book.accounts.values()].filter(account => !account.unverified);
  return stating.flatMap(account => recordKinds.flatMap(kind => conclude(account, kind)));
}
