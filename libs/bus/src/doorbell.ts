/** Wakes tasks that wait for something to change in shared state. */
export interface Doorbell {
  /** Something has changed: all that wait look again. */
  ring(): void;
  /**
   * Waits until `condition` holds, looking at once and at each ring.
   * @returns false if `signal` aborted or `timeout` seconds passed before it did.
   */
  until(condition: () => boolean, signal?: AbortSignal, timeout?: number): Promise<boolean>;
}

/** Makes a doorbell. */
export function createDoorbell(): Doorbell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const look of waiting) look();
    },
    until(condition, signal, timeout) {
      if (condition()) return Promise.resolve(true);
      if (signal?.aborted) return Promise.resolve(false);
      return new Promise((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined;
        // Listeners are taken off again: a signal lives as long as its stream, through millions of waits.
        const end = () => {
          waiting.delete(look);
          signal?.removeEventListener('abort', giveUp);
          clearTimeout(timer);
        };
        const look = () => {
          try {
            if (!condition()) return;
          } catch (error) {
            end();
            reject(error);
            return;
          }
          end();
          resolve(true);
        };
        const giveUp = () => {
          end();
          resolve(false);
        };
        waiting.add(look);
        signal?.addEventListener('abort', giveUp, { once: true });
        if (timeout !== undefined) timer = setTimeout(giveUp, timeout * 1000);
      });
    },
  };
}
