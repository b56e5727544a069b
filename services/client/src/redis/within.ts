/** Waits for something, at most so many seconds. */
export async function within(seconds: number, something: Promise<unknown>): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, seconds * 1000);
  await Promise.race([something, timeout.promise]);
  clearTimeout(timer);
}
