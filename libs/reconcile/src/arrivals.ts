import type { RecordKindName } from '@galileo/bus';
import { type Account, type Book, emptyNode, noRecords, unverifiedAccount, unverifiedId } from './book.ts';
import { addCounter, hasCounter } from './counters.ts';
import { addToTally, bucketLength, bucketOf, emptyTally } from './tally.ts';

/** Does a record of this time, which is finite, lie in the producer's interval? */
export function covers(account: Account, time: number): boolean {
  return time >= account.from && (account.to === undefined || time < account.to);
}

/** A trace has arrived. @returns false if it had before: then it is not to be stored again. */
export function traceArrived(account: Account, clientId: string, token: string, counter: number, rejected: boolean): boolean {
  let client = account.clients.get(token);
  if (client === undefined) {
    client = { clientId, seen: [], rejected: 0, stated: undefined };
    account.clients.set(token, client);
  }
  if (!addCounter(client.seen, counter)) return false;
  if (rejected) client.rejected++;
  return true;
}

/** A sample has arrived; `key` is its time stamp's text. */
export function sampleArrived(
  account: Account,
  node: string,
  timestamp: number,
  channel: string,
  key: string,
  rejected: boolean,
): void {
  let of = account.telemetry.get(node);
  if (of === undefined) {
    of = emptyNode('telemetry', node);
    account.telemetry.set(node, of);
  }
  arrived(of, timestamp, channel, key, rejected);
}

/** An event has arrived. */
export function eventArrived(account: Account, timestamp: number, channel: string, line: string, rejected: boolean): void {
  arrived(account.events, timestamp, channel, line, rejected);
}

function arrived(node: Account['events'], time: number, channel: string, key: string, rejected: boolean): void {
  if (rejected) node.rejected++;
  const begin = bucketOf(time);
  let bucket = node.buckets.get(begin);
  if (bucket === undefined) {
    if (hasCounter(node.folded.numbers, begin / bucketLength)) {
      addToTally(node.folded.seen, channel, key);
      return;
    }
    bucket = { seen: emptyTally(), stated: undefined, version: 0 };
    node.buckets.set(begin, bucket);
  }
  addToTally(bucket.seen, channel, key);
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
