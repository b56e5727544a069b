/** Runs one job at a time, first come first served. */
export interface Queue extends AsyncDisposable {
  /** Appends a job; it begins at once if none is under way. */
  add(id: string, job: () => Promise<void>): void;
  /** Takes a job out that has not begun. @returns false if there is none. */
  remove(id: string): boolean;
  /** Number of jobs before this one, the one under way among them; undefined if it does not wait. */
  position(id: string): number | undefined;
  /** Is a job under way or waiting? */
  busy(): boolean;
}

/** A queue; `onError` gets what a job throws, which a job should not. `onChange` is called when positions have changed. */
export function createQueue(options: { onError(id: string, error: unknown): void; onChange(): void }): Queue {
  const waiting: { id: string; job: () => Promise<void> }[] = [];
  let current: Promise<void> | undefined;
  let closed = false;

  function next(): void {
    if (current !== undefined || closed) return;
    const entry = waiting.shift();
    if (entry === undefined) return;
    current = run(entry).then(() => {
      current = undefined;
      next();
      options.onChange();
    });
  }

  async function run(entry: { id: string; job: () => Promise<void> }): Promise<void> {
    try {
      await entry.job();
    } catch (error) {
      options.onError(entry.id, error);
    }
  }

  return {
    add(id, job) {
      waiting.push({ id, job });
      next();
      options.onChange();
    },
    remove(id) {
      const index = waiting.findIndex(entry => entry.id === id);
      if (index === -1) return false;
      waiting.splice(index, 1);
      options.onChange();
      return true;
    },
    position(id) {
      const index = waiting.findIndex(entry => entry.id === id);
      return index === -1 ? undefined : index + (current === undefined ? 0 : 1);
    },
    busy: () => current !== undefined || waiting.length > 0,
    async [Symbol.asyncDispose]() {
      closed = true;
      await current;
    },
  };
}
