import type { Worker } from 'node:worker_threads';
import type { AnswerMessage, CallMessage, Calls } from './sqlite/messages.ts';
import { StoreError } from './store-error.ts';

type Answer<Name extends keyof Calls> = Promise<Awaited<ReturnType<Calls[Name]>>>;

/** Typed calls to the store's worker. */
export interface Caller {
  /** @throws StoreError when the operation fails or the worker is gone. */
  call<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): Answer<Name>;
  /** The same; the buffers of `transfer`, which `args` hold, change hands instead of being copied. */
  hand<Name extends keyof Calls>(transfer: readonly ArrayBuffer[], name: Name, ...args: Parameters<Calls[Name]>): Answer<Name>;
  /** Lets the calls under way end, and the worker with them. Later ones are refused. */
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: StoreError) => void;
}

/** Calls a worker by messages with ids, over which it may answer in any order; when it dies, all calls are rejected. */
export function createCaller(worker: Worker, path: string): Caller {
  const pending = new Map<number, Pending>();
  let sequence = 0;
  let gone: StoreError | undefined;
  let closing: Promise<void> | undefined;

  const give = (error: StoreError) => {
    gone ??= error;
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  };
  worker.on('message', (answer: AnswerMessage) => {
    const call = pending.get(answer.id);
    pending.delete(answer.id);
    if (answer.ok) call?.resolve(answer.value as never);
    else call?.reject(new StoreError('failed', path, answer.error.message, answer.error));
  });
  worker.on('messageerror', error => give(new StoreError('closed', path, `an answer was unreadable: ${error.message}`, error)));
  worker.on('error', error => give(new StoreError('closed', path, `its worker died: ${(error as Error).message}`, error)));
  const exited = new Promise<void>(resolve => {
    worker.on('exit', code => {
      give(new StoreError('closed', path, `its worker ended with exit code ${code}`));
      resolve();
    });
  });

  const send: Caller['hand'] = (transfer, name, ...args) => {
    if (gone !== undefined) return Promise.reject(gone);
    const id = ++sequence;
    return new Promise((resolve, reject) => {
      // A value that can't be cloned makes postMessage throw, and so the promise reject.
      worker.postMessage({ id, name, args } satisfies CallMessage, transfer);
      pending.set(id, { resolve, reject });
    });
  };
  const hand: Caller['hand'] = (transfer, name, ...args) => {
    if (closing !== undefined) return Promise.reject(new StoreError('closed', path, 'it is closed'));
    return send(transfer, name, ...args);
  };
  return {
    call: (name, ...args) => hand([], name, ...args),
    hand,
    close() {
      // A worker that is gone has nothing left to close.
      closing ??= (gone === undefined ? send([], 'close') : Promise.resolve()).then(
        () => exited,
        error => (gone === undefined ? Promise.reject(error) : exited),
      );
      return closing;
    },
  };
}
