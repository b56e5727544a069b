/** Resolves with the promise, or throws the signal's reason if it aborts before. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const listener = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', listener, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', listener);
  }
}

/** Resolves when the signal aborts, and after `seconds` at the latest. */
export async function abortedWithin(signal: AbortSignal, seconds: number): Promise<void> {
  if (signal.aborted) return;
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(done.resolve, seconds * 1000);
  signal.addEventListener('abort', () => done.resolve(), { once: true });
  await done.promise;
  clearTimeout(timer);
}
