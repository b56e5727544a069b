import { type BucketStatement, type ClientStatement, RecordKind, type Statement } from '@galileo/proto/recorder';
import { type Account, emptyNode, type NodeAccount, noRecords } from './book.ts';
import { addCounter, addRange, hasCounter, without } from './counters.ts';
import { kindName } from './filter.ts';
import { addTally, bucketLength, decodeTally, emptyTally, sameTally } from './tally.ts';

/** Buckets stay apart until they are so much older than the newest, seconds. */
const foldAfter = 60;

const isCounter = (n: number) => Number.isSafeInteger(n) && n >= 1;
const isRange = ({ first, last }: { first: number; last: number }) => isCounter(first) && isCounter(last) && first <= last;

function clientProblem(client: ClientStatement): string | undefined {
  const { first, settledBelow, settledAbove, unrecorded, clientId } = client;
  if (client.token === '') return `clients: found one without a token (client_id ${JSON.stringify(clientId)})`;
  if (!isCounter(first) || !isCounter(settledBelow) || settledBelow < first) {
    return `clients: found first ${first} and settled_below ${settledBelow} for ${JSON.stringify(clientId)}; allowed: 1 <= first <= settled_below`;
  }
  const wrong = [...settledAbove, ...unrecorded].find(range => !isRange(range));
  return (
    wrong &&
    `clients: found the range [${wrong.first}, ${wrong.last}] for ${JSON.stringify(clientId)}; allowed: 1 <= first <= last`
  );
}

function bucketProblem({ kind, node, begin, hashSum }: BucketStatement): string | undefined {
  const name = JSON.stringify(node);
  if (kind !== RecordKind.TELEMETRY && kind !== RecordKind.EVENT) {
    return `buckets: found kind ${kind} for ${name}; allowed: RECORD_KIND_TELEMETRY, RECORD_KIND_EVENT`;
  }
  if (!Number.isFinite(begin) || begin % bucketLength !== 0) {
    return `buckets: found begin ${begin} for ${name}; allowed: a multiple of ${bucketLength}`;
  }
  if (hashSum.length !== 8) return `buckets: found a hash_sum of ${hashSum.length} bytes for ${name}; allowed: 8 bytes`;
  return undefined;
}

/** What is wrong with a statement: the field, what was found and what is allowed; undefined if nothing is. */
export function statementProblem(statement: Statement): string | undefined {
  for (const client of statement.clients) {
    const problem = clientProblem(client);
    if (problem !== undefined) return problem;
  }
  for (const bucket of statement.buckets) {
    const problem = bucketProblem(bucket);
    if (problem !== undefined) return problem;
  }
  const unknown = statement.lost.find(({ kind }) => kindName(kind) === undefined);
  return unknown && `lost: found kind ${unknown.kind}; allowed: RECORD_KIND_TRACE, RECORD_KIND_TELEMETRY, RECORD_KIND_EVENT`;
}

function applyClient(account: Account, statement: ClientStatement): void {
  const { token, clientId, first, settledBelow, settledAbove, unrecorded, produced } = statement;
  let client = account.clients.get(token);
  if (client === undefined) {
    client = { clientId, seen: [], rejected: 0, stated: undefined };
    account.clients.set(token, client);
  }
  const settled: number[] = [];
  addRange(settled, first, settledBelow - 1);
  for (const range of settledAbove) addRange(settled, range.first, range.last);
  const out: number[] = [];
  for (const range of unrecorded) addRange(out, range.first, range.last);
  client.stated = { expected: without(settled, out), produced };
}

function nodeOf(account: Account, bucket: BucketStatement): NodeAccount {
  if (bucket.kind === RecordKind.EVENT) return account.events;
  let node = account.telemetry.get(bucket.node);
  if (node === undefined) {
    node = emptyNode('telemetry', bucket.node);
    account.telemetry.set(bucket.node, node);
  }
  return node;
}

function applyBucket(node: NodeAccount, statement: BucketStatement, final: boolean): void {
  const tally = decodeTally(statement.count, statement.hashSum);
  if (hasCounter(node.folded.numbers, statement.begin / bucketLength)) {
    // Only final figures hold all buckets of the fold; a single one can't be told from the rest.
    if (final) addTally(node.folded.stated, tally);
    return;
  }
  const bucket = node.buckets.get(statement.begin);
  if (bucket === undefined) node.buckets.set(statement.begin, { seen: emptyTally(), stated: tally, version: statement.version });
  else if (statement.version >= bucket.version) {
    bucket.stated = tally;
    bucket.version = statement.version;
  }
}

/** Folds old buckets that agree, so that the book stays small however long the recording is. */
function fold(node: NodeAccount): void {
  let newest = Number.NEGATIVE_INFINITY;
  for (const begin of node.buckets.keys()) newest = Math.max(newest, begin);
  for (const [begin, { seen, stated }] of node.buckets) {
    const number = begin / bucketLength;
    if (begin > newest - foldAfter || stated === undefined || !sameTally(seen, stated) || !Number.isSafeInteger(number)) continue;
    addCounter(node.folded.numbers, number);
    addTally(node.folded.seen, seen);
    addTally(node.folded.stated, stated);
    node.buckets.delete(begin);
  }
}

const nodesOf = (account: Account) => [...account.telemetry.values(), account.events];

/** Takes a statement that has no problem into the account; a final one replaces all that was stated before. */
export function applyStatement(account: Account, statement: Statement): void {
  const { final } = statement;
  if (final) {
    for (const client of account.clients.values()) client.stated = undefined;
    for (const node of nodesOf(account)) {
      node.folded.stated = emptyTally();
      for (const bucket of node.buckets.values()) {
        bucket.stated = undefined;
        bucket.version = 0;
      }
    }
  }
  for (const client of statement.clients) applyClient(account, client);
  for (const bucket of statement.buckets) applyBucket(nodeOf(account, bucket), bucket, final);
  account.lost = noRecords();
  for (const { kind, count } of statement.lost) account.lost[kindName(kind)!] += count;
  account.final = final || account.final;
  if (!final) for (const node of nodesOf(account)) fold(node);
}
