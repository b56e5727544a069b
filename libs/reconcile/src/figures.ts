import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { BucketStatement, ClientStatement, Durable, RecordFilter, Statement } from '@galileo/proto/recorder';
import { addCounter, type Counters, clip, fromRanges, toRanges, without } from './counters.ts';
import { compileFilter, kindName, kindNumber, type Predicate } from './filter.ts';
import type { Contents } from './spool/contents.ts';
import type { FiguresState } from './spool/state.ts';
import { addToTally, bucketLength, bucketOf, emptyTally, encodeSum, type Tally } from './tally.ts';
import { justAfter } from './wire-time.ts';

interface ClientFigures {
  readonly clientId: string;
  readonly token: string;
  /** Counters whose traces belong to the recording. */
  readonly recorded: Counters;
  /** Those that need not be kept. */
  durable: Counters;
  produced: number;
  changed: boolean;
}

interface BucketFigures {
  readonly kind: 'telemetry' | 'event';
  readonly node: string;
  readonly begin: number;
  readonly tally: Tally;
  version: number;
  /** Records were added since the version was stated. */
  changed: boolean;
  /** The version need not be kept. */
  durable: boolean;
}

/** Versions of buckets go up by so much when another process takes over: what the last one stated at the end is not known. */
const takeoverVersions = 1000;

/** How far a record's time may be ahead of the clock and still move the end of an interval, seconds. */
const ahead = 1;

/** What one producer has produced for one recording: its own count, against which the recorder's is held. */
export interface Figures {
  readonly recordingId: string;
  /** First instant of the interval, in the producer's raw time, UNIX seconds. */
  readonly from: number;
  /** First instant after the interval; undefined while it is open. */
  readonly to: number | undefined;
  /** Time of the newest record, and `from` before the first. */
  readonly newest: number;
  readonly predicate: Predicate;
  /**
   * Does a record of this time belong to the interval? One without a finite time belongs to every open one, as the recorder
   * files its dead letter there.
   */
  covers(time: number): boolean;
  /**
   * A record of this node and time is about to be counted, or an event where `node` is undefined. @returns true if its bucket was
   * durable: the state, which holds only buckets that are not, must be saved before.
   */
  reopen(node: string | undefined, time: number): boolean;
  trace(clientId: string, token: string, counter: number, created: number): void;
  telemetry(node: string, timestamp: number, channel: string, key: string): void;
  event(timestamp: number, channel: string, line: string): void;
  lost(kind: RecordKindName): void;
  /**
   * Ends the interval now, or just after the newest record that was counted, so that none is counted that lies outside.
   * @returns the end; a second call gives the same.
   */
  close(now: number): number;
  /** The next statement is to hold everything that is not durable. */
  restate(): void;
  /** Takes the recorder's word for what need not be kept. */
  acknowledge(durable: Durable): void;
  /** Is there a record among these that belongs to the recording and must be kept? */
  needs(contents: Contents): boolean;
  /** Need nothing be kept any more? */
  readonly durable: boolean;
  /** What a later process must know to go on. */
  readonly state: FiguresState;
  /**
   * What has changed since the statement before, buckets only once they are over; undefined if nothing has.
   * `settled` gives the counters of a client that are published or settled without a record.
   */
  statement(now: number, settled: (token: string) => Counters): Statement | undefined;
  /** All figures that are not durable, for the interval that is closed and settled. */
  finalStatement(settled: (token: string) => Counters): Statement;
  /** Has anything changed since the last statement? */
  readonly changed: boolean;
}

const counts = (of: Readonly<Record<RecordKindName, number>>) =>
  recordKinds.filter(kind => of[kind] > 0).map(kind => ({ kind: kindNumber(kind), count: of[kind] }));

function clientStatement(client: ClientFigures, settledCounters: readonly number[]): ClientStatement {
  const { recorded } = client;
  const first = recorded[0]!;
  const settled = clip(settledCounters, first, recorded.at(-1)!);
  const unrecorded = without(settled, recorded);
  return {
    clientId: client.clientId,
    token: client.token,
    first,
    settledBelow: settled[1]! + 1,
    settledAbove: toRanges(settled.slice(2)),
    unrecorded: toRanges(unrecorded),
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
  /** Figures of a process that has ended, on which these go on. */
  readonly state?: FiguresState;
}

/** Opens the figures of a recording. */
export function createFigures(options: FiguresOptions): Figures {
  const { recordingId, producerId, from } = options;
  const clients = new Map<string, ClientFigures>();
  const telemetry = new Map<string, Map<number, BucketFigures>>();
  const events = new Map<string, Map<number, BucketFigures>>();
  const lost: Record<RecordKindName, number> = { trace: 0, telemetry: 0, event: 0 };
  const produced: Record<RecordKindName, number> = { trace: 0, telemetry: 0, event: 0 };
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
      bucket = { kind, node, begin, tally: emptyTally(), version: 0, changed: false, durable: false };
      buckets.set(begin, bucket);
    }
    if (!bucket.changed) {
      bucket.changed = true;
      bucket.durable = false;
      changedBuckets.add(bucket);
    }
    return bucket;
  };

  const clientFor = (clientId: string, token: string) => {
    let client = clients.get(token);
    if (client === undefined) {
      client = { clientId, token, recorded: [], durable: [], produced: 0, changed: false };
      clients.set(token, client);
    }
    return client;
  };

  const change = (client: ClientFigures) => {
    client.changed = true;
    changedClients.add(client);
  };

  const allBuckets = () => [telemetry, events].flatMap(nodes => [...nodes.values()].flatMap(buckets => [...buckets.values()]));
  const isKept = ({ recorded, durable }: ClientFigures) => without(recorded, durable).length > 0;

  const restate = () => {
    for (const client of clients.values()) if (isKept(client)) change(client);
    // Without a new version: the figures are the same, only nobody may have heard them.
    for (const bucket of allBuckets()) if (!bucket.durable) changedBuckets.add(bucket);
    lostChanged = true;
  };

  const goOn = (state: FiguresState) => {
    to = state.to ?? undefined;
    newest = state.newest;
    Object.assign(produced, state.produced);
    Object.assign(lost, state.lost);
    for (const { clientId, token, recorded, durable, produced: count } of state.clients) {
      const client = clientFor(clientId, token);
      client.recorded.push(...recorded);
      client.durable.push(...durable);
      client.produced = count;
    }
    for (const { kind, node, begin, version, tally } of state.buckets) {
      const bucket = bucketFor(kind, node, begin);
      Object.assign(bucket.tally, tally);
      bucket.version = version + takeoverVersions;
    }
    restate();
  };

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
      lost: counts(lost),
      produced: counts(produced),
      sequence: 0,
      unsettled: 0,
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

  if (options.state !== undefined) goOn(options.state);

  return {
    recordingId,
    from,
    get to() {
      return to;
    },
    get newest() {
      return newest;
    },
    predicate: compileFilter(options.filter),
    covers: time => (Number.isFinite(time) ? time >= from && (to === undefined || time < to) : to === undefined),
    reopen(node, time) {
      const bucket = (node === undefined ? events.get(producerId) : telemetry.get(node))?.get(bucketOf(time));
      if (bucket?.durable !== true) return false;
      bucket.durable = false;
      return true;
    },
    trace(clientId, token, counter, created) {
      const client = clientFor(clientId, token);
      if (!addCounter(client.recorded, counter)) return;
      client.produced++;
      produced.trace++;
      note(created);
      if (!client.changed) change(client);
    },
    telemetry(node, timestamp, channel, key) {
      addToTally(bucketFor('telemetry', node, timestamp).tally, channel, key);
      produced.telemetry++;
      note(timestamp);
    },
    event(timestamp, channel, line) {
      addToTally(bucketFor('event', producerId, timestamp).tally, channel, line);
      produced.event++;
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
    restate,
    acknowledge(message) {
      for (const { token, counters } of message.traces) {
        const client = clients.get(token);
        if (client !== undefined) client.durable = fromRanges(counters);
      }
      for (const { kind, node, begin, version } of message.buckets) {
        const bucket = (kindName(kind) === 'event' ? events : telemetry).get(node)?.get(begin);
        if (bucket !== undefined && bucket.version === version && !bucket.changed) bucket.durable = true;
      }
    },
    needs(contents) {
      for (const [token, counters] of contents.traces) {
        const client = clients.get(token);
        if (client === undefined) continue;
        const kept = without(client.recorded, client.durable);
        for (let i = 0; i < counters.length; i += 2) if (clip(kept, counters[i]!, counters[i + 1]!).length > 0) return true;
      }
      const needsSome = (buckets: ReadonlyMap<number, BucketFigures> | undefined, begins: Iterable<number>) => {
        for (const begin of begins) if (buckets?.get(begin)?.durable === false) return true;
        return false;
      };
      for (const [node, counted] of contents.telemetry) if (needsSome(telemetry.get(node), counted.keys())) return true;
      return needsSome(events.get(producerId), contents.events.keys());
    },
    get durable() {
      return ![...clients.values()].some(isKept) && allBuckets().every(bucket => bucket.durable);
    },
    get state() {
      return {
        ...{ recordingId, filter: options.filter, from, to: to ?? null, newest, produced: { ...produced }, lost: { ...lost } },
        clients: Array.from(clients.values(), ({ clientId, token, recorded, durable, produced: count }) => ({
          ...{ clientId, token, recorded, durable, produced: count },
        })),
        buckets: allBuckets()
          .filter(({ durable }) => !durable)
          .map(({ kind, node, begin, version, tally }) => ({ kind, node, begin, version, tally })),
      };
    },
    statement(now, settled) {
      const over = [...changedBuckets].filter(bucket => bucket.begin + bucketLength <= now);
      if (changedClients.size === 0 && over.length === 0 && !lostChanged) return undefined;
      return take([...changedClients], over, settled, false);
    },
    finalStatement(settled) {
      restate();
      return take(
        [...changedClients],
        allBuckets().filter(bucket => !bucket.durable),
        settled,
        true,
      );
    },
    get changed() {
      return changedClients.size > 0 || changedBuckets.size > 0 || lostChanged;
    },
  };
}
