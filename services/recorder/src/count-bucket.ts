import type { ExperimentStore } from '@galileo/expdb';
import {
  type Account,
  addToTally,
  type Book,
  type BucketPlace,
  bucketSpan,
  emptyTally,
  type Tally,
  telemetryKey,
} from '@galileo/reconcile';
import { eventChannel, formatEvent, formatTelemetry, parseTelemetry, telemetryChannel } from '@galileo/wire';
import type { Sources } from './sources.ts';

/** What the store has of a bucket, rejected records among it. */
interface CountedBucket {
  readonly seen: Tally;
  readonly rejected: number;
}

/** Counts the rows and dead letters of a bucket in the store. */
export type CountBucket = (book: Book, account: Account, place: BucketPlace) => Promise<CountedBucket>;

export interface CountBucketOptions {
  readonly store: Pick<ExperimentStore, 'telemetry' | 'events' | 'deadLetters'>;
  readonly sources: Pick<Sources, 'ownersOf'>;
}

/** Makes the counting over a store. */
export function createCountBucket({ store, sources }: CountBucketOptions): CountBucket {
  const countTelemetry = async ({ recordingId }: Book, node: string, [from, to]: [number, number]) => {
    const seen = emptyTally();
    for await (const rows of store.telemetry(recordingId, { span: [from, to] })) {
      for (const row of rows) {
        if (row.node !== node) continue;
        const channel = telemetryChannel(node, row.metric, row.subsystem);
        addToTally(seen, channel, telemetryKey(formatTelemetry(row.timestamp, row.value)));
      }
    }
    let rejected = 0;
    for (const { channel, line } of await store.deadLetters(recordingId, 'telemetry')) {
      const sample = parseTelemetry(channel, line);
      if (!sample.ok || sample.value.node !== node) continue;
      const { timestamp, value } = sample.value;
      if (Number.isFinite(value) || timestamp < from || timestamp >= to) continue;
      addToTally(seen, channel, telemetryKey(line));
      rejected++;
    }
    return { seen, rejected };
  };

  const countEvents = async ({ recordingId }: Book, { producerId }: Account, [from, to]: [number, number]) => {
    const seen = emptyTally();
    for (const event of await store.events(recordingId)) {
      if (event.timestamp < from || event.timestamp >= to) continue;
      if (sources.ownersOf('event', event.name).includes(producerId)) addToTally(seen, eventChannel, formatEvent(event));
    }
    return { seen, rejected: 0 };
  };

  return (book, account, place) => {
    const span = bucketSpan(book, account, place);
    return place.node.kind === 'event' ? countEvents(book, account, span) : countTelemetry(book, place.node.node, span);
  };
}
