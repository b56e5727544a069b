import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { BucketStatement, ClientStatement, RecordFilter, Statement } from '@galileo/proto/recorder';
import { addCounter, type Counters, clip, without } from './counters.ts';
import { compileFilter, kindNumber, type Predicate } from './filter.ts';
import { addToTally, bucketLength, bucketOf, emptyTally, encodeSum, type Tally } from './tally.ts';
import { justAfter } from './wire-time.ts';

interface ClientFigures {
  readonly clientId: string;
  readonly token: string;
  /** Counters whose traces belong to the recording. */
  readonly recorded: Counters;
  produced: number;
  changed: boolean;
}

interface BucketFigures {
  readonly kind: RecordKindName;
  readonly node: string;
  readonly begin: number;
  readonly tally: Tally;
  version: number;
  changed: boolean;
}

/** How far a record's time may be ahead of the clock and still move the end of an interval, seconds. */
const ahead = 1;

/** What one producer has produced for one recording: its own count, against which the recorder's is held. */
export interface Figures {
  readonly recordingId: string;
  /** First instant of the interval, in the producer's raw time, UNIX seconds. */
  readonly from: number;
  /** First instant after the interval; undefined while it is open. */
  readonly to: number | undefined;
  readonly predicate: Predicate;
  /**
   * Does a record of this time belong to the interval? One without a finite time belongs to every open one, as the recorder
   * files its dead letter there.
   */
  covers(time: number): boolean;
  trace(clientId: string, token: string, counter: number, created: number): void;
  telemetry(node: string, timestamp: number, channel: string, key: string): void;
  event(timestamp: number, channel: string, line: string): void;
  lost(kind: RecordKindName): void;
  /**
   * Ends the interval now, or just after the newest record that was counted, so that none is counted that lies outside.
   * @returns the end; a second call gives the same.
   */
  close(now: number): number;
  /** The next statement is to hold everything. */
  restate(): void;
  /**
   * What has changed since the statement before, buckets only once they are over; undefined if nothing has.
   * `settled` gives the counters of a client that are published or settled without a record.
   */
  statement(now: number, settled: (token: string) => Counters): Statement | undefined;
  /** All figures, for the interval that is closed and settled. */
  finalStatement(settled: (token: string) => Counters): Statement;
  /** Has anything changed since the last statement? */
  readonly changed: boolean;
  /** Has nothing been counted? */
  readonly empty: boolean;
}

function clientStatement(client: ClientFigures, settledCounters: readonly number[]): ClientStatement {
  const { recorded } = client;
  const first = recorded[0]!;
  const settled = clip(settledCounters, first, recorded.at(-1)!);
  const unrecorded = without(settled, recorded);
  const ranges = (set: readonly number[]) =>
    Array.from({ length: set.length / 2 }, (_, i) => ({ first: set[2 * i]!, last: set[2 * i + 1]! }));
  return {
    clientId: client.clientId,
    token: client.token,
    first,
    settledBelow: settled[1]! + 1,
    settledAbove: ranges(settled.slice(2)),
    unrecorded: ranges(unrecorded),
    produced: client.produced,
  };
}

function bucketStatement(bucket: BucketFigures): BucketStatement {
  const { kind, node, begin, version, tally } = bucket;
  return { kind: kindNumber(kind), node, begin, version, count: tally.count, hashSum: encodeSum(tally) };
}

export interface FiguresOptions {
  readonly recordingId: string;
  /** Stands for the node in the statements of events. */
  readonly producerId: string;
  readonly filter: RecordFilter;
  readonly from: number;
}

/** Opens the figures of a recording. */
export function createFigures(options: FiguresOptions): Figures {
  const { recordingId, producerId, from } = options;
  const clients = new Map<string, ClientFigures>();
  const telemetry = new Map<string, Map<number, BucketFigures>>();
  const events = new Map<string, Map<number, BucketFigures>>();
  const lost: Record<RecordKindName, number> = { trace: 0, telemetry: 0, event: 0 };
  const changedClients = new Set<ClientFigures>();
  const changedBuckets = new Set<BucketFigures>();
  let lostChanged = false;
  let to: number | undefined;
  let newest = from;

  const note = (time: number) => {
    if (time > newest) newest = time;
  };

  const bucketFor = (kind: 'telemetry' | 'event', node: string, time: number) => {
    const nodes = kind === 'telemetry' ? telemetry : events;
    let buckets = nodes.get(node);
    if (buckets === undefined) {
      buckets = new Map();
      nodes.set(node, buckets);
    }
    const begin = bucketOf(time);
    let bucket = buckets.get(begin);
    if (bucket === undefined) {
      bucket = { kind, node, begin, tally: emptyTally(), version: 0, changed: false };
      buckets.set(begin, bucket);
    }
    if (!bucket.changed) {
      bucket.changed = true;
      changedBuckets.add(bucket);
    }
    return bucket;
  };

  const allBuckets = () => [telemetry, events].flatMap(nodes => [...nodes.values()].flatMap(buckets => [...buckets.values()]));

  const take = (
    statedClients: Iterable<ClientFigures>,
    statedBuckets: Iterable<BucketFigures>,
    settled: (token: string) => Counters,
    final: boolean,
  ): Statement => {
    const statement: Statement = {
      recordingId,
      clients: [],
      buckets: [],
      lost: recordKinds.filter(kind => lost[kind] > 0).map(kind => ({ kind: kindNumber(kind), count: lost[kind] })),
      final,
    };
    for (const client of statedClients) {
      statement.clients.push(clientStatement(client, settled(client.token)));
      client.changed = false;
      changedClients.delete(client);
    }
    for (const bucket of statedBuckets) {
      if (bucket.changed) bucket.version++;
      statement.buckets.push(bucketStatement(bucket));
      bucket.changed = false;
      changedBuckets.delete(bucket);
    }
    lostChanged = false;
    return statement;
  };

  return {
    recordingId,
    from,
    get to() {
      return to;
    },
    predicate: compileFilter(options.filter),
    covers: time => (Number.isFinite(time) ? time >= from && (to === undefined || time < to) : to === undefined),
    trace(clientId, token, counter, created) {
      let client = clients.get(token);
      if (client === undefined) {
        client = { clientId, token, recorded: [], produced: 0, changed: false };
        clients.set(token, client);
      }
      if (!addCounter(client.recorded, counter)) return;
      client.produced++;
      note(created);
      if (!client.changed) {
        client.changed = true;
        changedClients.add(client);
      }
    },
    telemetry(node, timestamp, channel, key) {
      addToTally(bucketFor('telemetry', node, timestamp).tally, channel, key);
      note(timestamp);
    },
    event(timestamp, channel, line) {
      addToTally(bucketFor('event', producerId, timestamp).tally, channel, line);
      note(timestamp);
    },
    lost(kind) {
      lost[kind]++;
      lostChanged = true;
    },
    close(now) {
      to ??= newest >= now && newest < now + ahead ? justAfter(newest) : now;
      return to;
    },
    restate() {
      for (const client of clients.values()) {
        client.changed = true;
        changedClients.add(client);
      }
      // Without a new version: the figures are the same, only nobody may have heard them.
      for (const bucket of allBuckets()) changedBuckets.add(bucket);
      lostChanged = true;
    },
    statement(now, settled) {
      const over = [...changedBuckets].filter(bucket => bucket.begin + bucketLength <= now);
      if (changedClients.size === 0 && over.length === 0 && !lostChanged) return undefined;
      return take([...changedClients], over, settled, false);
    },
    finalStatement: settled => take(clients.values(), allBuckets(), settled, true),
    get changed() {
      return changedClients.size > 0 || changedBuckets.size > 0 || lostChanged;
    },
    get empty() {
      return clients.size === 0 && telemetry.size === 0 && events.size === 0 && recordKinds.every(kind => lost[kind] === 0);
    },
  };
}
