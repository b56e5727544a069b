import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@galileo/service';

export interface KeepConnectedOptions {
  /** HOST:PORT, for the log. */
  readonly address: string;
  /** What the stream is for, for the log: `publish`. */
  readonly stream: string;
  readonly log: Logger;
  /** Ends it all. */
  readonly signal: AbortSignal;
  /**
   * Carries one stream until it ends or fails; calls `established` when the other side has answered.
   * It must let go of everything when `signal` aborts.
   */
  open(signal: AbortSignal, established: () => void): Promise<void>;
}

const shortest = 0.1;
const longest = 1;

/**
 * Keeps a stream up: opens it again whenever it ends, at first after 0.1 s, then after up to 1 s while nobody answers.
 * Logs one line per change of state. Resolves when `signal` aborts.
 */
export async function keepConnected(options: KeepConnectedOptions): Promise<void> {
  const { address, stream, log, signal, open } = options;
  let delay = shortest;
  let reported = false;
  while (!signal.aborted) {
    const attempt = new AbortController();
    let cause: unknown;
    try {
      await open(AbortSignal.any([signal, attempt.signal]), () => {
        delay = shortest;
        if (reported) log.info({ recorder: address, stream }, 'connected to the recorder again');
        reported = false;
      });
    } catch (error) {
      cause = error;
    }
    attempt.abort();
    if (signal.aborted) return;
    if (!reported) {
      const reason = cause instanceof Error ? cause.message : 'the recorder ended the stream';
      log.warn({ recorder: address, stream, reason }, 'no connection to the recorder; trying again');
      reported = true;
    }
    await sleep(delay * 1000, undefined, { signal }).catch(() => {});
    delay = Math.min(longest, delay * 2);
  }
}
