import type { Logger } from './log.ts';

/** Disposes of parts one after the other, in the given order. What can't be ended is logged and does not keep the rest from it. */
export async function disposeAll(parts: readonly (AsyncDisposable | Disposable)[], log: Logger): Promise<void> {
  for (const part of parts) {
    try {
      if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]();
      else part[Symbol.dispose]();
    } catch (error) {
      log.error({ err: error }, 'a part did not end as it should');
    }
  }
}
