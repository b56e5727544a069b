import type { RecordKindName } from '@galileo/bus';
import { addCounter, type Counters, countOf, without } from '../counters.ts';
import { parseRequestId } from '../request-id.ts';
import { bucketOf } from '../tally.ts';

/** A number of records of one kind, node and bucket of sample time; events have no node. */
interface BucketCount {
  readonly kind: 'telemetry' | 'event';
  readonly node: string;
  /** Begin of the bucket, UNIX seconds. */
  readonly begin: number;
  readonly count: number;
}

/** What a record is found by: the token and counter of a trace, the node and bucket (its begin) of all others. */
export interface Identity {
  readonly kind: RecordKindName;
  readonly source: string;
  readonly number: number;
}

const nodeAt = 'telem/'.length;

/** What a record is found by; of a line that is malformed, source '' or number 0. */
export function identityOf(kind: RecordKindName, channel: string, line: string): Identity {
  if (kind === 'trace') {
    const id = parseRequestId(line.slice(0, line.indexOf(',')));
    return id === undefined ? { kind, source: '', number: 0 } : { kind, source: id.token, number: id.counter };
  }
  const number = bucketOf(Number(line.slice(0, line.indexOf(' '))));
  const source = kind === 'event' ? '' : channel.slice(nodeAt, channel.indexOf('/', nodeAt));
  return { kind, source, number };
}

/** Which records a segment holds. */
export interface Contents {
  /** Per token the counters. */
  readonly traces: Map<string, Counters>;
  /** Per node, and bucket, the number of samples. */
  readonly telemetry: Map<string, Map<number, number>>;
  /** Per bucket the number of events. */
  readonly events: Map<number, number>;
}

/** Must a segment with these contents be kept? */
export type IsNeeded = (contents: Contents) => boolean;

export const emptyContents = (): Contents => ({ traces: new Map(), telemetry: new Map(), events: new Map() });

/** A copy that shares no memory: a slice of a line would keep the whole line alive. */
const owned = (text: string) => Buffer.from(text).toString();

/** Adds a record. */
export function addToContents(contents: Contents, { kind, source, number }: Identity): void {
  if (kind === 'trace') {
    const counters = contents.traces.get(source);
    if (counters === undefined) contents.traces.set(owned(source), [number, number]);
    else addCounter(counters, number);
    return;
  }
  let buckets = kind === 'event' ? contents.events : contents.telemetry.get(source);
  if (buckets === undefined) {
    buckets = new Map();
    contents.telemetry.set(owned(source), buckets);
  }
  buckets.set(number, (buckets.get(number) ?? 0) + 1);
}

/** Contents of these records. */
export function contentsOf(records: Iterable<{ kind: RecordKindName; channel: string; line: string }>): Contents {
  const contents = emptyContents();
  for (const { kind, channel, line } of records) addToContents(contents, identityOf(kind, channel, line));
  return contents;
}

/** Records of which nothing but this is known. */
export interface Missing {
  /** How many there were, at most. */
  readonly records: number;
  /** Per token the counters. */
  readonly traces: ReadonlyMap<string, Counters>;
  readonly buckets: readonly BucketCount[];
}

/** What is in `contents` and not in `rest`, a part of them. */
export function missingFrom(contents: Contents, rest: Contents): Missing {
  const traces = new Map<string, Counters>();
  let records = 0;
  for (const [token, counters] of contents.traces) {
    const gone = without(counters, rest.traces.get(token) ?? []);
    if (gone.length === 0) continue;
    traces.set(token, gone);
    records += countOf(gone);
  }
  const buckets: BucketCount[] = [];
  const compare = (kind: BucketCount['kind'], node: string, before: Map<number, number>, after?: Map<number, number>) => {
    for (const [begin, number] of before) {
      const count = number - (after?.get(begin) ?? 0);
      if (count <= 0) continue;
      buckets.push({ kind, node, begin, count });
      records += count;
    }
  };
  for (const [node, counts] of contents.telemetry) compare('telemetry', node, counts, rest.telemetry.get(node));
  compare('event', '', contents.events, rest.events);
  return { records, traces, buckets };
}
