import type { ExperimentStore } from '@galileo/expdb';
import { addCounter, bucketOf, type Counters, type Doubts, parseRequestId, type RowDetails } from '@galileo/reconcile';

/** Looks through the rows of the clients and nodes whose counts are wrong: which counters, how many rows per bucket. */
export async function readRowDetails(
  store: Pick<ExperimentStore, 'traces' | 'telemetry'>,
  expId: string,
  doubts: Doubts,
): Promise<RowDetails> {
  const counters = new Map<string, Counters>();
  for (const token of doubts.tokens) counters.set(token, []);
  const buckets = new Map<string, Map<number, number>>();
  for (const node of doubts.nodes) buckets.set(node, new Map());
  if (counters.size > 0) {
    for await (const chunk of store.traces(expId)) {
      for (const { requestId } of chunk) {
        const id = parseRequestId(requestId);
        const found = id && counters.get(id.token);
        if (found !== undefined) addCounter(found, id!.counter);
      }
    }
  }
  if (buckets.size > 0) {
    for await (const chunk of store.telemetry(expId)) {
      for (const { node, timestamp } of chunk) {
        const found = buckets.get(node);
        const begin = bucketOf(timestamp);
        found?.set(begin, (found.get(begin) ?? 0) + 1);
      }
    }
  }
  return { counters, buckets };
}
