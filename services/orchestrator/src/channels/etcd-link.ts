import { setTimeout as sleep } from 'node:timers/promises';
import { createDoorbell } from '@galileo/bus';
import type { WeightStore } from '@galileo/routing';
import type { Logger } from '@galileo/service';
import type { Connectable } from '../dependency.ts';

/** Seconds between two looks while etcd answers, and while it does not. */
const interval = 2;
const intervalAway = 0.5;

/** Asks etcd again and again whether it is there, for nothing else tells before it is needed. Logs each change once. */
export function watchEtcd(
  store: Pick<WeightStore, 'check'>,
  { address, log }: { readonly address: string; readonly log: Logger },
): Connectable & Disposable {
  const ending = new AbortController();
  const listeners: ((connected: boolean) => void)[] = [];
  const bell = createDoorbell();
  let connected: boolean | undefined;

  function set(value: boolean, reason?: string): void {
    if (value === connected) return;
    if (value) log.info({ etcd: address }, 'etcd is reached');
    else log.warn({ etcd: address, reason }, connected === undefined ? 'etcd is not reached yet' : 'etcd is lost');
    connected = value;
    for (const listener of listeners) listener(value);
    bell.ring();
  }

  async function ask(): Promise<void> {
    while (!ending.signal.aborted) {
      await store.check().then(
        () => set(true),
        (error: Error) => {
          if (!ending.signal.aborted) set(false, error.message);
        },
      );
      await sleep((connected ? interval : intervalAway) * 1000, undefined, { signal: ending.signal }).catch(() => {});
    }
  }
  ask();

  return {
    onConnection(listener) {
      listeners.push(listener);
      listener(connected ?? false);
    },
    async ready(signal) {
      if (!(await bell.until(() => connected === true, signal))) signal?.throwIfAborted();
    },
    [Symbol.dispose]() {
      // A question that is under way ends with the store.
      ending.abort();
    },
  };
}
