import { createDoorbell } from '@galileo/bus';

/** Messages on their way into a stream, in order. */
export interface Mailbox<T> {
  send(message: T): void;
  /** No more messages: what was sent before still goes out. */
  end(): void;
  /** Waits until the stream has taken everything. @returns false if `signal` aborted before */
  empty(signal: AbortSignal): Promise<boolean>;
  /** Yields messages until `end`, or until `signal` aborts. */
  messages(signal: AbortSignal): AsyncGenerator<T>;
}

/** Makes an empty mailbox. */
export function createMailbox<T>(): Mailbox<T> {
  const bell = createDoorbell();
  let queue: T[] = [];
  /** Messages that were taken off the queue and not yet by the stream. */
  let leaving = 0;
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
    empty: signal => bell.until(() => queue.length + leaving === 0, signal),
    async *messages(signal) {
      while (await bell.until(() => ended || queue.length > 0, signal)) {
        const messages = queue;
        queue = [];
        leaving = messages.length;
        for (const message of messages) {
          yield message;
          leaving--;
        }
        bell.ring();
        if (ended && queue.length === 0) return;
      }
    },
  };
}
