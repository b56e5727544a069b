import { type BucketStatement, type ClientStatement, RecordKind, type Statement } from '@galileo/proto/recorder';
import {
  type Account,
  archiveBucket,
  type Book,
  emptyBucket,
  emptyClient,
  emptyNode,
  type NodeAccount,
  nodesOf,
  noRecords,
  unarchiveBucket,
} from './book.ts';
import { addRange, fromRanges, without } from './counters.ts';
import { kindName } from './filter.ts';
import { bucketLength, decodeTally, sameTally } from './tally.ts';

/** Buckets that agree go to the archive when they are so much older than the newest, seconds. */
const archiveAfter = 60;

/** Seconds that records have to arrive after they were stated: statements travel on another stream. */
const arrivalGrace = 1;

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
  for (const [field, counts] of Object.entries({ lost: statement.lost, produced: statement.produced })) {
    const unknown = counts.find(({ kind }) => kindName(kind) === undefined);
    if (unknown === undefined) continue;
    return `${field}: found kind ${unknown.kind}; allowed: RECORD_KIND_TRACE, RECORD_KIND_TELEMETRY, RECORD_KIND_EVENT`;
  }
  return undefined;
}

function applyClient(account: Account, statement: ClientStatement, due: number): void {
  const { token, clientId, first, settledBelow, settledAbove, unrecorded, produced } = statement;
  let client = account.clients.get(token);
  if (client === undefined) {
    client = emptyClient(clientId);
    account.clients.set(token, client);
  }
  const settled = fromRanges(settledAbove);
  addRange(settled, first, settledBelow - 1);
  client.stated = { expected: without(settled, fromRanges(unrecorded)), produced };
  client.due = due;
  client.told = -1;
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

function applyBucket(account: Account, statement: BucketStatement, due: number): void {
  const node = nodeOf(account, statement);
  const { begin, version } = statement;
  const archived = node.archive.get(begin);
  if (archived !== undefined && version <= archived.version) {
    account.retold.set(begin, node);
    return;
  }
  let bucket = node.buckets.get(begin) ?? unarchiveBucket(node, begin);
  if (bucket === undefined) {
    bucket = emptyBucket();
    node.buckets.set(begin, bucket);
  }
  bucket.told = false;
  if (version < bucket.version) return;
  bucket.stated = decodeTally(statement.count, statement.hashSum);
  bucket.version = version;
  bucket.due = due;
}

/** Archives old buckets that agree, so that what is written with every batch stays small. */
function archiveOld(book: Book, producerId: string, node: NodeAccount): void {
  let newest = Number.NEGATIVE_INFINITY;
  for (const begin of node.buckets.keys()) newest = Math.max(newest, begin);
  for (const [begin, { seen, stated, rejected, version, told }] of node.buckets) {
    if (begin > newest - archiveAfter || !told || stated === undefined || !sameTally(seen, stated)) continue;
    const archived = { tally: seen, rejected, version };
    node.buckets.delete(begin);
    archiveBucket(node, begin, archived);
    book.archiving.push({ ...archived, producerId, kind: node.kind, node: node.node, begin });
  }
}

/** Takes a statement that has no problem into the account. `now` is the recorder's monotonic time, seconds. */
export function applyStatement(book: Book, account: Account, statement: Statement, now: number): void {
  const due = now + arrivalGrace;
  for (const client of statement.clients) applyClient(account, client, due);
  for (const bucket of statement.buckets) applyBucket(account, bucket, due);
  account.lost = noRecords();
  for (const { kind, count } of statement.lost) account.lost[kindName(kind)!] += count;
  if (statement.produced.length > 0) {
    account.produced = noRecords();
    for (const { kind, count } of statement.produced) account.produced[kindName(kind)!] += count;
  }
  account.unsettled = statement.unsettled;
  account.awaitedSequence = statement.sequence;
  account.final ||= statement.final;
  if (statement.final) account.confirmed = false;
  for (const node of nodesOf(account)) archiveOld(book, account.producerId, node);
}
