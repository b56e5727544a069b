import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@galileo/service';
import { connectionError, RedisError } from './errors.ts';
import { type RedisSettings, redisAddress } from './settings.ts';

/** Back-off between attempts: at first, at most, and while somebody has to change something first; seconds. */
const backoff = { shortest: 0.1, longest: 1, lasting: 2 };

/** The wait after a failed attempt, seconds. */
export function nextDelay(previous: number | undefined, error: RedisError): number {
  if (error.lasting) return backoff.lasting;
  return previous === undefined ? backoff.shortest : Math.min(backoff.longest, previous * 2);
}

export interface StateLog {
  /** There is a connection. */
  up(): void;
  /** There is none, for this reason. Logged once until there is one again, and once more for what somebody has to change. */
  down(error: RedisError): void;
}

/** Makes a log of the changes of a connection's state; `what` says what the connection is for. */
export function createStateLog(log: Logger, settings: RedisSettings, what: string): StateLog {
  const told = new Set<string>();
  const fields = { redis: redisAddress(settings), connection: what };
  return {
    up() {
      if (told.size > 0) log.info(fields, 'connected to Redis again');
      told.clear();
    },
    down(error) {
      if (told.size > 0 && (!error.lasting || told.has(error.message))) return;
      told.add(error.message);
      log.warn({ ...fields, reason: error.message }, 'no connection to Redis; trying again');
    },
  };
}

export interface KeepLinkedOptions {
  readonly settings: RedisSettings;
  /** What the connection is for, for the log: `publish`. */
  readonly what: string;
  readonly log: Logger;
  /** Ends it all. */
  readonly signal: AbortSignal;
  /** Carries one connection until it ends, then throws why; calls `established` when it is ready for its work. */
  open(established: () => void): Promise<void>;
}

/** Keeps a connection up: opens it again whenever it ends. Resolves when `signal` aborts. */
export async function keepLinked(options: KeepLinkedOptions): Promise<void> {
  const { settings, signal } = options;
  const state = createStateLog(options.log, settings, options.what);
  let delay: number | undefined;
  while (!signal.aborted) {
    let failure: RedisError;
    try {
      await options.open(() => {
        delay = undefined;
        state.up();
      });
      failure = new RedisError(redisAddress(settings), `Redis at ${redisAddress(settings)} ended the connection`);
    } catch (error) {
      failure = connectionError(error, settings);
    }
    if (signal.aborted) return;
    state.down(failure);
    delay = nextDelay(delay, failure);
    await sleep(delay * 1000, undefined, { signal }).catch(() => {});
  }
}
