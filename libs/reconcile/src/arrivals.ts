import type { RecordKindName } from '@galileo/bus';
import {
  type Account,
  type Book,
  emptyBucket,
  emptyClient,
  emptyNode,
  type NodeAccount,
  noRecords,
  unverifiedAccount,
  unverifiedId,
} from './book.ts';
import { addAll, addCounter } from './counters.ts';
import { addToTally, bucketOf } from './tally.ts';

/** Does a record of this time, which is finite, lie in the producer's interval? */
export function covers(account: Account, time: number): boolean {
  return time >= account.from && (account.to === undefined || time < account.to);
}

/** A trace has arrived. @returns false if it had before: then it is not to be stored again. */
export function traceArrived(account: Account, clientId: string, token: string, counter: number, rejected: boolean): boolean {
  let client = account.clients.get(token);
  if (client === undefined) {
    client = emptyClient(clientId);
    account.clients.set(token, client);
  }
  if (!addCounter(client.seen, counter)) return false;
  if (rejected) client.rejected++;
  return true;
}

/**
 * A producer says that a client instance is its. What arrived before that was taken for nobody's is its too, if its interval was
 * open: it will state these traces.
 */
export function claimClient(book: Book, producerId: string, token: string): void {
  const account = book.accounts.get(producerId);
  const nobodys = book.accounts.get(unverifiedId)?.clients;
  const found = nobodys?.get(token);
  if (account === undefined || found === undefined) return;
  nobodys!.delete(token);
  const own = account.clients.get(token);
  if (own === undefined) account.clients.set(token, found);
  else {
    addAll(own.seen, found.seen);
    own.rejected += found.rejected;
  }
}

/** What tells a record of a bucket from the others: its channel, and within that `key`. */
export interface BucketRecord {
  /** Sample time or event time, UNIX seconds. */
  readonly time: number;
  readonly channel: string;
  /** The time stamp's text of a sample, the whole line of an event. */
  readonly key: string;
  readonly rejected: boolean;
}

/** A sample has arrived that was not asked for. */
export function sampleArrived(account: Account, node: string, record: BucketRecord): void {
  let of = account.telemetry.get(node);
  if (of === undefined) {
    of = emptyNode('telemetry', node);
    account.telemetry.set(node, of);
  }
  arrived(account, of, record);
}

/** An event has arrived that was not asked for. */
export function eventArrived(account: Account, record: BucketRecord): void {
  arrived(account, account.events, record);
}

function arrived(account: Account, node: NodeAccount, { time, channel, key, rejected }: BucketRecord): void {
  // What nobody states is compared with nothing: one bucket holds it all.
  const begin = account.unverified ? 0 : bucketOf(time);
  // All that was stated of an archived bucket has arrived: either it is one of those, or the bucket will be stated anew.
  if (node.archive.has(begin)) return;
  let bucket = node.buckets.get(begin);
  if (bucket === undefined) {
    bucket = emptyBucket();
    node.buckets.set(begin, bucket);
  }
  if (bucket.repaired) {
    bucket.dirty++;
    return;
  }
  addToTally(bucket.seen, channel, key);
  if (rejected) bucket.rejected++;
}

/** A line has arrived of which nobody can tell to which recording it belongs; it was rejected. */
export function malformedArrived(book: Book, producerId: string, kind: RecordKindName): void {
  const account = producerId === unverifiedId ? unverifiedAccount(book) : book.accounts.get(producerId);
  if (account !== undefined) {
    account.malformed[kind]++;
    return;
  }
  let counts = book.strangers.get(producerId);
  if (counts === undefined) {
    counts = noRecords();
    book.strangers.set(producerId, counts);
  }
  counts[kind]++;
}
