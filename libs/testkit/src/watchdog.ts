import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

/**
 * Remembers the last line that it was told, which names the process groups that run. When the test process ends, in whatever
 * way, the pipe closes; then it kills them (SIGKILL ends stopped processes too) and removes the directory. A shell starts in
 * a few milliseconds and needs 1 MB, a Node twenty times as much of both.
 */
const program = `
groups=
while read -r line; do groups=$line; done
[ -z "$groups" ] || kill -s KILL -- $groups
rm -rf -- "$1" || { sleep 0.2; rm -rf -- "$1"; }
`;

interface Watchdog {
  readonly pipe: Writable;
  readonly directory: string;
}

// One for the whole process, because what it watches is the process; started when the first program is.
let watchdog: Watchdog | undefined;
const groups = new Set<number>();

function started(): Watchdog {
  if (watchdog !== undefined) return watchdog;
  const directory = mkdtempSync(join(tmpdir(), 'galileo-programs-'));
  // A session of its own: a Ctrl-C in the terminal is not for it.
  const child = spawn('/bin/sh', ['-c', program, 'watchdog', directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.on('error', error => {
    throw new Error('the testkit can not start /bin/sh, which ends its programs', { cause: error });
  });
  child.stdin.on('error', () => {});
  // It must not keep the test process alive. (The pipe of a child is a socket, whatever its type says.)
  child.unref();
  (child.stdin as Writable & { unref(): void }).unref();
  watchdog = { pipe: child.stdin, directory };
  return watchdog;
}

function tell(): void {
  started().pipe.write(`${[...groups].map(group => -group).join(' ')}\n`);
}

/** Will end a process group when this process has ended. */
export function watch(group: number): void {
  groups.add(group);
  tell();
}

/** To be called as soon as nothing of the group is left: its number may soon be another's. */
export function unwatch(group: number): void {
  if (groups.delete(group)) tell();
}

/** Makes a directory for the files of a program, which is removed at the latest when this process has ended. */
export function programDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(started().directory, 'p'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}
