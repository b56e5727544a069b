import { createHistogram, type Histogram } from '@galileo/analysis';
import type { WatchStatisticsRequest, WatchStatisticsResponse } from '@galileo/proto/client';
import { invalidArgument } from '@galileo/service';
import type { Generator } from '../generator.ts';

const shortestInterval = 0.05;
/** Faults that are told of; all of them are in the list of clients. */
const mostFaults = 10;

function faultsOf(generator: Generator): string[] {
  const faults: string[] = [];
  for (const { id, fault } of generator.clients()) {
    if (fault !== undefined) faults.push(`${id}: ${fault}`);
    if (faults.length === mostFaults) break;
  }
  return faults;
}

function message(generator: Generator, latency: Histogram): WatchStatisticsResponse {
  const { at, intended, released, completed, failed, inFlight, idle, ...histograms } = generator.snapshot();
  const bytes = {
    latency: Buffer.from(latency.encode()),
    releaseError: Buffer.from(histograms.releaseError.encode()),
    queueing: Buffer.from(histograms.queueing.encode()),
  };
  latency.reset();
  return { at, intended, released, completed, failed, inFlight, idle, ...bytes, faults: faultsOf(generator) };
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
  generator: Generator,
  request: WatchStatisticsRequest,
  signals: readonly AbortSignal[],
): AsyncGenerator<WatchStatisticsResponse> {
  const interval = request.interval || 1;
  if (!(interval >= shortestInterval && interval <= 86_400)) {
    throw invalidArgument(`interval: found ${interval}; allowed: seconds from ${shortestInterval} to 86400, or 0 for 1`);
  }
  using alarm = createAlarm(interval);
  const latency = createHistogram();
  let done = false;
  const unwatch = generator.watch({
    latency,
    onIdle() {
      done = true;
      alarm.strike();
    },
  });
  const over = AbortSignal.any([...signals]);
  over.addEventListener('abort', alarm.strike);
  try {
    while (!over.aborted) {
      await alarm.wait();
      // Load that came up again after it was done is not done.
      done &&= generator.snapshot().idle;
      yield message(generator, latency);
      if (done) return;
    }
  } finally {
    unwatch();
    over.removeEventListener('abort', alarm.strike);
  }
}
