/** Something that experiments can't be carried out without, and that may be away. */
export interface Dependency {
  /** For a person: `Redis at localhost:6379`. */
  readonly name: string;
  readonly connected: boolean;
  /** Resolves while it is connected. @throws the signal's reason */
  ready(signal: AbortSignal): Promise<void>;
  /** Tells of each change until it is disposed. */
  watch(listener: (connected: boolean) => void): Disposable;
}

export interface Connectable {
  ready(signal?: AbortSignal): Promise<void>;
  /** There is no way to stop a listener. */
  onConnection(listener: (connected: boolean) => void): void;
}

export function dependency(name: string, source: Connectable): Dependency {
  const listeners = new Set<(connected: boolean) => void>();
  let connected = false;
  source.onConnection(value => {
    if (value === connected) return;
    connected = value;
    for (const listener of listeners) listener(value);
  });
  return {
    name,
    get connected() {
      return connected;
    },
    ready: signal => source.ready(signal),
    watch(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
  };
}
