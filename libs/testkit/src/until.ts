/**
 * Waits until `condition` gives something true (it may be asynchronous), and returns it.
 * @throws Error that names `what` after `timeout` seconds, with the condition's last error as its cause.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeout = 20): Promise<NonNullable<T>> {
  const end = performance.now() + timeout * 1000;
  let cause: unknown;
  while (performance.now() < end) {
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
    } catch (error) {
      cause = error;
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error(`not within ${timeout} s: ${what}`, { cause });
}
