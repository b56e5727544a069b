import { setTimeout as sleep } from 'node:timers/promises';
import { createDoorbell } from '@galileo/bus';
import type { RecorderDefinition, SyncClockRequest } from '@galileo/proto/recorder';
import type { Clock, Connection } from '@galileo/service';
import { createClockEstimator, type Estimate } from './clock-estimate.ts';

export interface ClockSyncOptions {
  readonly connection: Connection<RecorderDefinition>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Gets an estimate after each round of exchanges. */
  onEstimate(estimate: Estimate): void;
}

const firstRound = 8;
const laterRounds = 4;
/** Seconds between two rounds. */
const pause = 5;

/**
 * Estimates the offset of the own clock against the recorder's over the stream Recorder.SyncClock, some exchanges every
 * 5 s. Ends when `signal` aborts; rejects if the stream fails.
 */
export async function syncClock(options: ClockSyncOptions): Promise<void> {
  const { connection, clock, signal } = options;
  const estimator = createClockEstimator();
  const turn = createDoorbell();
  let asked = 0;
  let wanted = 1;

  async function* questions(): AsyncGenerator<SyncClockRequest> {
    while (await turn.until(() => asked < wanted, signal)) {
      asked++;
      yield { sent: clock.now() };
    }
  }

  let answers = 0;
  let roundEnd = firstRound;
  for await (const answer of connection.client.syncClock(questions(), { signal })) {
    estimator.add({ ...answer, arrived: clock.now() });
    answers++;
    if (answers === roundEnd) {
      const estimate = estimator.estimate(clock.now());
      if (estimate !== undefined) options.onEstimate(estimate);
      roundEnd += laterRounds;
      await sleep(pause * 1000, undefined, { signal });
    }
    wanted++;
    turn.ring();
  }
}
