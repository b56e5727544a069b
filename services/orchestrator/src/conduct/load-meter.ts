import { createHistogram, decodeHistogram } from '@galileo/analysis';
import type { WatchStatisticsResponse } from '@galileo/proto/client';
import type { LoadFigures } from '../load-figures.ts';

type Counters = Pick<LoadFigures, 'intended' | 'released' | 'completed' | 'failed' | 'inFlight'>;

/** Merges the figures of all workers of an experiment. */
export interface LoadMeter {
  /** Takes a message of the worker with this number. */
  take(worker: number, message: WatchStatisticsResponse): void;
  /** Sums of what each worker said last. */
  totals(): Counters;
}

const none: Counters = { intended: 0, released: 0, completed: 0, failed: 0, inFlight: 0 };

/**
 * Makes a meter of `workers` workers, whose workloads may all be closed loops; `onFigures` is called whenever each of them has
 * said something new.
 */
export function createLoadMeter(workers: number, closedLoop: boolean, onFigures: (figures: LoadFigures) => void): LoadMeter {
  const last: (WatchStatisticsResponse | undefined)[] = Array.from({ length: workers }, () => undefined);
  const fresh = new Set<number>();
  const latency = createHistogram();
  let before = { at: 0, ...none };

  function totals(): Counters {
    const sum = (read: (message: WatchStatisticsResponse) => number) =>
      last.reduce((result, message) => result + (message === undefined ? 0 : read(message)), 0);
    return {
      intended: sum(message => message.intended),
      released: sum(message => message.released),
      completed: sum(message => message.completed),
      failed: sum(message => message.failed),
      inFlight: sum(message => message.inFlight),
    };
  }

  /** 99th percentile of what all workers have measured since the start. */
  function p99(read: (message: WatchStatisticsResponse) => Uint8Array): number {
    const merged = createHistogram();
    for (const message of last) {
      const bytes = message === undefined ? undefined : read(message);
      // A worker of an older version does not tell all of them.
      if (bytes !== undefined && bytes.length > 0) merged.add(decodeHistogram(bytes));
    }
    return merged.count === 0 ? 0 : merged.quantile(0.99);
  }

  function emit(): void {
    const at = Math.max(...last.map(message => message?.at ?? 0));
    const now = totals();
    const passed = at - before.at;
    const rate = (count: number) => (before.at === 0 || passed <= 0 ? 0 : count / passed);
    onFigures({
      ...now,
      intendedRate: rate(now.intended - before.intended),
      achievedRate: rate(now.completed - before.completed),
      latencyP50: latency.count === 0 ? 0 : latency.quantile(0.5),
      latencyP99: latency.count === 0 ? 0 : latency.quantile(0.99),
      releaseErrorP99: p99(message => message.releaseError),
      queueingP99: p99(message => message.queueing),
      closedLoop,
    });
    before = { at, ...now };
    latency.reset();
    fresh.clear();
  }

  return {
    take(worker, message) {
      last[worker] = message;
      fresh.add(worker);
      if (message.latency.length > 0) latency.add(decodeHistogram(message.latency));
      // A worker that is idle says nothing more and is not waited for.
      const awaited = last.filter((entry, index) => entry?.idle !== true || fresh.has(index)).length;
      if (fresh.size >= awaited) emit();
    },
    totals,
  };
}
