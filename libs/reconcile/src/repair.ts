import type { Durable, Missing } from '@galileo/proto/recorder';
import type { BucketRecord } from './arrivals.ts';
import { type Account, type Book, type BucketAccount, type ClientAccount, type NodeAccount, nodesOf } from './book.ts';
import { addAll, type Counters, countOf, toRanges, without } from './counters.ts';
import { kindNumber } from './filter.ts';
import { addToTally, bucketLength, bucketOf, emptyTally, sameTally, type Tally } from './tally.ts';

/** A bucket of an account. */
export interface BucketPlace {
  readonly node: NodeAccount;
  readonly begin: number;
}

/** What a producer was asked to send again, and what has come of it. */
export interface Question {
  readonly message: Missing;
  readonly account: Account;
  /** Per token. */
  readonly traces: ReadonlyMap<string, Counters>;
  /** Per node account and begin. */
  readonly buckets: ReadonlyMap<NodeAccount, ReadonlyMap<number, AskedBucket>>;
}

interface AskedBucket {
  /** Of the statement that led to the question. */
  readonly version: number;
  /** What has been sent again. */
  readonly resent: Tally;
  rejected: number;
}

/** Most records that are asked for at once. */
const maxAsked = 20_000;
/** Most ranges of counters, and most buckets, that are asked for at once. */
const maxItems = 256;

/** Stated counters that have not arrived and may yet be sent again. */
function missingTraces({ seen, stated, unavailable }: ClientAccount): Counters {
  return stated === undefined ? [] : without(without(stated.expected, seen), unavailable);
}

/** Nothing of the bucket is to be asked for. */
function isSettled({ seen, stated, version, unavailable, dirty }: BucketAccount): boolean {
  if (stated === undefined) return false;
  return sameTally(seen, stated) || (unavailable === version && dirty === 0);
}

function limited(set: Counters, records: number): Counters {
  const part: Counters = [];
  let left = records;
  for (let i = 0; i < set.length && left > 0 && part.length < 2 * maxItems; i += 2) {
    const last = Math.min(set[i + 1]!, set[i]! + left - 1);
    part.push(set[i]!, last);
    left -= last - set[i]! + 1;
  }
  return part;
}

/**
 * What a producer is to be asked for now: what it has stated and what has not arrived although it is due at `arrivedUntil`
 * (recorder's monotonic time, seconds), up to which everything that came over the bus is filed. Undefined if there is nothing.
 */
export function questionFor(book: Book, account: Account, arrivedUntil: number): Question | undefined {
  let room = maxAsked;
  const traces = new Map<string, Counters>();
  for (const [token, client] of account.clients) {
    if (room <= 0 || traces.size >= maxItems) break;
    if (client.due > arrivedUntil) continue;
    const missing = limited(missingTraces(client), room);
    if (missing.length === 0) continue;
    traces.set(token, missing);
    room -= countOf(missing);
  }
  const buckets = new Map<NodeAccount, Map<number, AskedBucket>>();
  let items = 0;
  for (const node of nodesOf(account)) {
    for (const [begin, bucket] of node.buckets) {
      if (room <= 0 || items >= maxItems) break;
      const { stated, due, version, unavailable } = bucket;
      if (stated === undefined || due > arrivedUntil || unavailable === version || isSettled(bucket)) continue;
      const asked = buckets.get(node) ?? new Map<number, AskedBucket>();
      buckets.set(node, asked.set(begin, { version, resent: emptyTally(), rejected: 0 }));
      room -= stated.count;
      items++;
    }
  }
  if (traces.size === 0 && buckets.size === 0) return undefined;
  const message: Missing = {
    recordingId: book.recordingId,
    traces: Array.from(traces, ([token, counters]) => ({ token, counters: toRanges(counters) })),
    buckets: Array.from(buckets, ([{ kind, node }, asked]) =>
      Array.from(asked.keys(), begin => ({ kind: kindNumber(kind), node, begin })),
    ).flat(),
  };
  return { message, account, traces, buckets };
}

/** Notes a record of a bucket that was sent again. @returns false if it was not asked for */
export function noteResent({ buckets }: Question, node: NodeAccount | undefined, record: BucketRecord): boolean {
  const asked = node && buckets.get(node)?.get(bucketOf(record.time));
  if (asked === undefined) return false;
  addToTally(asked.resent, record.channel, record.key);
  if (record.rejected) asked.rejected++;
  return true;
}

/** All that the producer has of what it was asked for has been sent again: what is missing now is lost. */
export function conclude({ account, traces, buckets }: Question): void {
  for (const [token, counters] of traces) {
    const client = account.clients.get(token);
    if (client === undefined) continue;
    addAll(client.unavailable, without(counters, client.seen));
    client.told = -1;
  }
  for (const [node, asked] of buckets) {
    for (const [begin, { version, resent, rejected }] of asked) {
      const bucket = node.buckets.get(begin);
      if (bucket?.stated === undefined) continue;
      bucket.told = false;
      bucket.repaired = true;
      if (sameTally(resent, bucket.stated)) {
        bucket.seen = resent;
        bucket.rejected = rejected;
        bucket.dirty = 0;
      } else {
        // Some may have arrived before: only the store knows how many there are of both together.
        bucket.unavailable = version;
        bucket.dirty++;
      }
    }
  }
}

/** Buckets whose records are to be counted in the store, since those that were sent again may have arrived before. */
export function bucketsToCount(account: Account): BucketPlace[] {
  const places: BucketPlace[] = [];
  for (const node of nodesOf(account)) {
    for (const [begin, bucket] of node.buckets) {
      const { dirty, stated, seen, unavailable, version } = bucket;
      if (dirty > 0 && stated !== undefined && unavailable === version && !sameTally(seen, stated)) places.push({ node, begin });
    }
  }
  return places;
}

/**
 * The half-open span of time, UNIX seconds, in which records of the bucket are the account's: of a node's records those from a
 * later producer's begin on are not.
 */
export function bucketSpan(book: Book, account: Account, { node, begin }: BucketPlace): [from: number, to: number] {
  let to = Math.min(begin + bucketLength, account.to ?? Number.POSITIVE_INFINITY);
  for (const other of book.accounts.values()) {
    if (other.from > account.from && !other.unverified && other.telemetry.has(node.node)) to = Math.min(to, other.from);
  }
  return [Math.max(begin, account.from), to];
}

/** Is everything that the producer states there, or known to be lost, and are these its final figures? */
export function isComplete(account: Account): boolean {
  if (!account.final) return false;
  for (const client of account.clients.values()) if (missingTraces(client).length > 0) return false;
  for (const node of nodesOf(account)) {
    for (const bucket of node.buckets.values()) if (bucket.stated !== undefined && !isSettled(bucket)) return false;
  }
  return true;
}

/** Are all producers' accounts complete? Those that have gone for good are not waited for. */
export function allComplete(book: Book, isGone: (producerId: string) => boolean = () => false): boolean {
  for (const account of book.accounts.values()) if (!isComplete(account) && !isGone(account.producerId)) return false;
  return true;
}

/**
 * What the producer need not keep any more and was not told since its last statement; undefined if there is nothing. To be
 * said only when the book as it is now is committed.
 */
export function takeDurable(book: Book, account: Account): Durable | undefined {
  const durable: Durable = { recordingId: book.recordingId, traces: [], buckets: [], final: account.final };
  for (const [token, client] of account.clients) {
    if (client.stated === undefined) continue;
    const settled = settledTraces(client);
    const count = countOf(settled);
    if (count === client.told) continue;
    client.told = count;
    durable.traces.push({ token, counters: toRanges(settled) });
  }
  for (const node of nodesOf(account)) {
    for (const [begin, bucket] of node.buckets) {
      if (bucket.told || !isSettled(bucket)) continue;
      bucket.told = true;
      durable.buckets.push({ kind: kindNumber(node.kind), node: node.node, begin, version: bucket.version });
    }
  }
  for (const [begin, node] of account.retold) {
    const archived = node.archive.get(begin);
    if (archived === undefined) continue;
    durable.buckets.push({ kind: kindNumber(node.kind), node: node.node, begin, version: archived.version });
  }
  account.retold.clear();
  const news = durable.traces.length > 0 || durable.buckets.length > 0 || account.final !== account.confirmed;
  account.confirmed = account.final;
  return news ? durable : undefined;
}

/** Stated counters that have arrived or are lost for good. */
function settledTraces(client: ClientAccount): Counters {
  return without(client.stated!.expected, missingTraces(client));
}
