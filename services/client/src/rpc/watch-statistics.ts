import type { WatchStatisticsRequest, WatchStatisticsResponse } from '@galileo/proto/client';
import { invalidArgument } from '@galileo/service';
import type { LoadGenerator } from '../load-generator.ts';
import type { Figures } from '../shards/shard.ts';

const shortestInterval = 0.05;
/** Faults that are told of; all of them are in the list of clients. */
const mostFaults = 10;

function faultsOf(generator: LoadGenerator): string[] {
  const faults: string[] = [];
  for (const { id, fault } of generator.clients()) {
    if (fault !== undefined) faults.push(`${id}: ${fault}`);
    if (faults.length === mostFaults) break;
  }
  return faults;
}

function message(figures: Figures, faults: string[]): WatchStatisticsResponse {
  const { at, intended, released, completed, failed, inFlight, idle, latency, releaseError, queueing } = figures;
  const histograms = {
    latency: Buffer.from(latency.encode()),
    releaseError: Buffer.from(releaseError.encode()),
    queueing: Buffer.from(queueing.encode()),
  };
  return { at, intended, released, completed, failed, inFlight, idle, ...histograms, faults };
}

/** An alarm that rings at fixed instants and when it is rung; `wait` takes one ring. */
function createAlarm(interval: number) {
  let ring = () => {};
  let rung = false;
  const strike = () => {
    rung = true;
    ring();
  };
  const timer = setInterval(strike, interval * 1000);
  return {
    strike,
    async wait(): Promise<void> {
      if (!rung) await new Promise<void>(resolve => (ring = resolve));
      rung = false;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/**
 * Sends the figures at a fixed interval. When load that was under way, or came up, is done, it sends them once more and
 * ends; while there has been none, it goes on.
 */
export async function* watchStatistics(
  generator: LoadGenerator,
  request: WatchStatisticsRequest,
  signals: readonly AbortSignal[],
): AsyncGenerator<WatchStatisticsResponse> {
  const interval = request.interval || 1;
  if (!(interval >= shortestInterval && interval <= 86_400)) {
    throw invalidArgument(`interval: found ${interval}; allowed: seconds from ${shortestInterval} to 86400, or 0 for 1`);
  }
  using alarm = createAlarm(interval);
  let done = false;
  using watch = generator.watch(() => {
    done = true;
    alarm.strike();
  });
  const over = AbortSignal.any([...signals]);
  over.addEventListener('abort', alarm.strike);
  try {
    while (!over.aborted) {
      await alarm.wait();
      const mayEnd = done;
      done = false;
      const figures = await watch.take();
      yield message(figures, faultsOf(generator));
      // Load that came up again after it was done is not done.
      if (mayEnd && figures.idle) return;
    }
  } finally {
    over.removeEventListener('abort', alarm.strike);
  }
}
