import { setTimeout as sleep } from 'node:timers/promises';

/** Something was tried again and again and did not succeed. */
export class GaveUpError extends Error {
  constructor(what: string, seconds: number, cause: unknown) {
    super(`${what} did not succeed within ${seconds} s: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'GaveUpError';
  }
}

/** Milliseconds between two tries. */
const interval = 200;

/**
 * Tries until it succeeds, for at most `seconds`; a try that hangs counts as failed then.
 * @throws GaveUpError with the last failure, or the signal's reason
 */
export async function persist<T>(what: string, seconds: number, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(seconds * 1000);
  const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  let last: unknown = new Error('no answer');
  while (!either.aborted) {
    try {
      return await orAborted(action(), either);
    } catch (error) {
      if (!either.aborted) last = error;
    }
    await sleep(interval, undefined, { signal: either }).catch(() => {});
  }
  signal?.throwIfAborted();
  throw new GaveUpError(what, seconds, last);
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const listener = () => aborted.reject(signal.reason);
  if (signal.aborted) listener();
  signal.addEventListener('abort', listener, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', listener);
  }
}
