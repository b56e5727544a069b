import { createDoorbell } from '@galileo/bus';

/** Messages on their way into a stream, in order. */
export interface Mailbox<T> {
  send(message: T): void;
  /** No more messages: what was sent before still goes out. */
  end(): void;
  /** Yields messages until `end`, or until `signal` aborts. */
  messages(signal: AbortSignal): AsyncGenerator<T>;
}

/** Makes an empty mailbox. */
export function createMailbox<T>(): Mailbox<T> {
  const bell = createDoorbell();
  let queue: T[] = [];
  let ended = false;
  return {
    send(message) {
      queue.push(message);
      bell.ring();
    },
    end() {
      ended = true;
      bell.ring();
    },
    async *messages(signal) {
      while (await bell.until(() => ended || queue.length > 0, signal)) {
        const messages = queue;
        queue = [];
        yield* messages;
        if (ended && queue.length === 0) return;
      }
    },
  };
}
