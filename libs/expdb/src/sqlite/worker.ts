// The thread in which all of SQLite's work is done: it is synchronous, and a commit may block for tens of milliseconds.
import { parentPort } from 'node:worker_threads';
import type { AnswerMessage, CallMessage } from './messages.ts';
import { type Operations, openOperations } from './operations.ts';

const port = parentPort!;
let operations: Operations | undefined;

async function perform({ name, args }: CallMessage): Promise<unknown> {
  if (name === 'open') {
    operations = await openOperations(args[0] as string);
    return undefined;
  }
  const operation = operations![name] as (...args: readonly unknown[]) => unknown;
  return operation(...args);
}

async function answer(call: CallMessage): Promise<void> {
  let message: AnswerMessage;
  try {
    message = { id: call.id, ok: true, value: await perform(call) };
  } catch (error) {
    message = { id: call.id, ok: false, error: error as Error };
  }
  port.postMessage(message);
  if (call.name === 'close') port.close();
}

// One call after the other: there is one connection, and a transaction on it may await.
let last = Promise.resolve();
port.on('message', (call: CallMessage) => {
  last = last.then(() => answer(call));
});
