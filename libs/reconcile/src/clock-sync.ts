import { setTimeout as sleep } from 'node:timers/promises';
import { createDoorbell } from '@galileo/bus';
import type { RecorderDefinition, SyncClockRequest } from '@galileo/proto/recorder';
import type { Connection, Logger, ProcessClock } from '@galileo/service';
import { createClockEstimator, type Estimate } from './clock-estimate.ts';
import { createMailbox } from './mailbox.ts';

export interface ClockSyncOptions {
  readonly connection: Connection<RecorderDefinition>;
  readonly clock: ProcessClock;
  readonly log: Logger;
  /** Seconds between two rounds of exchanges; 5 unless told. */
  readonly interval?: number;
  /** Gets an estimate after each round, and when one is asked for. */
  onEstimate(estimate: Estimate): void;
}

/** Compares the own clock with the recorder's. */
export interface ClockSync {
  /** Makes exchanges over the stream Recorder.SyncClock until `signal` aborts; opens the stream again if it fails. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Gives the estimate of this moment to `onEstimate`, if there is one: an interval begins or ends. */
  tell(): void;
  /** The estimate of this moment; undefined while there is none. */
  estimate(): Estimate | undefined;
}

/** Exchanges of the first round on a stream, and of the others. */
const firstRound = 8;
const laterRounds = 4;

/** Seconds until another round after one that gave no estimate, and until a stream that has failed is opened again. */
const soon = 0.1;
const retry = 1;

/** Makes what compares; what it has learned outlives its streams. */
export function createClockSync(options: ClockSyncOptions): ClockSync {
  const { connection, clock, log, interval = 5, onEstimate } = options;
  const estimator = createClockEstimator();
  let reference: string | undefined;
  let { segment } = clock;
  const bell = createDoorbell();
  let forgotten = false;

  const forget = () => {
    estimator.restart();
    segment = clock.segment;
    forgotten = true;
    bell.ring();
  };

  const estimateNow = () => {
    clock.check();
    if (clock.segment !== segment) forget();
    return estimator.estimate(clock.now());
  };

  const tell = () => {
    const estimate = estimateNow();
    if (estimate !== undefined) onEstimate(estimate);
    return estimate !== undefined;
  };

  const carryStream = async (signal: AbortSignal, onAnswer: () => void) => {
    const questions = createMailbox<SyncClockRequest>();
    const answers = connection.client.syncClock(questions.messages(signal), { signal })[Symbol.asyncIterator]();
    const exchange = async () => {
      const asked = clock.segment;
      questions.send({ sent: clock.now() });
      const { value, done } = await answers.next();
      const arrived = clock.now();
      if (done === true) throw new Error('the recorder ended the stream');
      if (reference !== undefined && value.reference !== reference) forget();
      reference = value.reference;
      // An exchange in which the own clock has stepped says nothing.
      if (clock.segment === asked) estimator.add({ ...value, arrived });
    };
    for (let count = firstRound; ; count = laterRounds) {
      for (let i = 0; i < count; i++) await exchange();
      onAnswer();
      forgotten = false;
      const told = tell();
      await bell.until(() => forgotten, signal, told ? interval : soon);
    }
  };

  return {
    async run(signal) {
      let reported = false;
      while (!signal.aborted) {
        const stream = new AbortController();
        try {
          await carryStream(AbortSignal.any([signal, stream.signal]), () => {
            reported = false;
          });
        } catch (error) {
          if (signal.aborted) return;
          const reason = (error as Error).message;
          if (!reported) log.warn({ recorder: connection.address, reason }, 'the clock can’t be compared; trying again');
          reported = true;
        } finally {
          stream.abort();
        }
        await sleep(retry * 1000, undefined, { signal }).catch(() => {});
      }
    },
    tell: () => void tell(),
    estimate: estimateNow,
  };
}
