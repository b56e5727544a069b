/** Yields what `source` yields until `signal` aborts. (A listener per item, taken off again: streams outlive millions of them.) */
export async function* untilAborted<T>(source: AsyncIterator<T>, signal: AbortSignal): AsyncGenerator<T> {
  while (!signal.aborted) {
    const result = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
      const stop = () => resolve(undefined);
      signal.addEventListener('abort', stop, { once: true });
      source.next().then(
        value => {
          signal.removeEventListener('abort', stop);
          resolve(value);
        },
        error => {
          signal.removeEventListener('abort', stop);
          if (signal.aborted) resolve(undefined);
          else reject(error);
        },
      );
    });
    if (result === undefined || result.done === true) return;
    yield result.value;
  }
}
