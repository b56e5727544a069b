import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Is a file descriptor a pipe (or the socket that Node makes for one)? */
export function isPipe(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  return stat.isFIFO() || stat.isSocket();
}

/** Milliseconds for which nobody may have needed it, and between two looks. */
const defaultPatience = 1000;
const interval = 50;

/** Once `input` has ended, which means that the parent is gone, calls `end` when `idle` has been true for `patience` ms. */
export function endWithParent(input: Readable, idle: () => boolean, end: () => void, patience = defaultPatience): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let idleSince: number | undefined;
  const look = () => {
    const now = performance.now();
    idleSince = idle() ? (idleSince ?? now) : undefined;
    if (idleSince === undefined || now - idleSince < patience) return;
    clearInterval(timer);
    end();
  };
  const begin = () => {
    timer ??= setInterval(look, interval);
  };
  input.once('end', begin).once('close', begin).once('error', begin).resume();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      input.pause();
    },
  };
}
