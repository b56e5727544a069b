import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger, WatchRecordingResponse } from '@galileo/proto/recorder';
import type { ClientError } from 'nice-grpc';
import { isUnreachable } from './errors.ts';
import type { Interrupts } from './interrupts.ts';
import type { Progress } from './progress.ts';
import type { RecorderSession } from './recorder-session.ts';

export interface FollowOptions {
  readonly session: RecorderSession;
  readonly experimentId: string;
  /** Seconds after which the recording is ended; undefined: it goes on until somebody ends it. */
  readonly duration: number | undefined;
  readonly progress: Pick<Progress<WatchRecordingResponse>, 'update' | 'notice'>;
  readonly interrupts: Interrupts;
}

/** Seconds that producers get for their final figures. */
const settleTimeout = 30;

/** Seconds between two tries to reach a recorder that is away, and how long its return is awaited when the recording is to end. */
const pause = 1;
const patience = 60;

/**
 * Stays with a recording to its end, which it brings about after `duration` or with the first interrupt; somebody else may end it
 * before. A recorder that goes away and comes back goes on with the recording, so that is waited for.
 * @returns the settled ledger. @throws what the calls throw, and at the second interrupt.
 */
export async function followRecording(options: FollowOptions): Promise<Ledger> {
  const { duration, interrupts } = options;
  const over = new AbortController();
  const limits = [interrupts.first, ...(duration === undefined ? [] : [AbortSignal.timeout(duration * 1000)])];
  const ending = AbortSignal.any(limits);
  const leaving = AbortSignal.any([over.signal, interrupts.second]);
  try {
    return await Promise.race([watch(options, leaving), stopAfter(options, ending, leaving)]);
  } finally {
    over.abort();
  }
}

/** Shows how far the recording is. @returns the ledger once it has ended */
async function watch({ session, experimentId, progress }: FollowOptions, leaving: AbortSignal): Promise<Ledger> {
  let away = false;
  for (;;) {
    try {
      for await (const message of session.client.watchRecording({ experimentId }, { signal: leaving })) {
        away = false;
        progress.update(message);
        if (message.ledger !== undefined) return message.ledger;
      }
    } catch (error) {
      if (!isAway(error, session, leaving)) throw error;
      const why = `the recorder at ${session.address} is away (${error.details})`;
      if (!away) progress.notice(`${why}; the recording goes on when it is back`);
      away = true;
    }
    await sleep(pause * 1000, undefined, { signal: leaving });
  }
}

async function stopAfter(options: FollowOptions, ending: AbortSignal, leaving: AbortSignal): Promise<Ledger> {
  const { session, experimentId, progress, interrupts } = options;
  await aborted(ending);
  if (interrupts.first.aborted) progress.notice('ending the recording (again: stop waiting)');
  const giveUp = performance.now() + patience * 1000;
  for (;;) {
    try {
      const { ledger } = await session.client.stopRecording({ experimentId, timeout: settleTimeout }, { signal: leaving });
      if (ledger !== undefined) return ledger;
      throw new Error(`the recorder at ${session.address} ended ${experimentId} without a ledger`);
    } catch (error) {
      if (!isAway(error, session, leaving) || performance.now() > giveUp) throw error;
      await sleep(pause * 1000, undefined, { signal: leaving });
    }
  }
}

/** Is it a recorder elsewhere that is away for now? A standalone that has ended comes back under another address. */
function isAway(error: unknown, session: RecorderSession, leaving: AbortSignal): error is ClientError {
  return isUnreachable(error) && session.logFile === undefined && !leaving.aborted;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
