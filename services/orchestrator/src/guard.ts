// The guard: a process of its own, in a session of its own, that starts the children of an experiment and outlives its
// parent by a moment, in order to end them. It is started by guard-client.ts, speaks guard-protocol.ts over the IPC
// channel, and imports nothing but Node and files beside it, because the bundler inlines it into a `data:` URL.
//
// Every child leads a process group. A group's id can't be given to another process while one of its members lives, so
// a signal to a group that still answers never hits a stranger.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { GuardReport, GuardRequest } from './guard-protocol.ts';
import { groupRuns, signalGroup } from './process-group.ts';

interface Child {
  readonly pid: number;
  /** The child itself has ended. */
  exited: boolean;
  /** When SIGKILL is due, in milliseconds of `performance.now()`; undefined while the child is wanted. */
  deadline: number | undefined;
}

/** Seconds that descendants get whose leader has ended by itself, and that all children get when the parent is gone. */
const defaultGrace = 1;
/** Milliseconds between two looks at a group that is being ended. */
const pollInterval = 20;
/** Milliseconds after SIGKILL at which a group counts as gone although something of it is there (zombies without /proc). */
const killLimit = 500;

const children = new Map<number, Child>();

function report(message: GuardReport): void {
  // A channel that closes while a message is under way must not end the guard before the children.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Looks at a group until none of it is left, and makes it so once its deadline is over. */
function watchEnd(id: number, child: Child): void {
  const alive = !child.exited || groupRuns(child.pid);
  const now = performance.now();
  const overdue = child.deadline !== undefined && now >= child.deadline;
  if (!alive || (child.exited && overdue && now >= child.deadline! + killLimit)) {
    children.delete(id);
    report({ type: 'gone', id });
    return;
  }
  if (overdue) signalGroup(child.pid, 'SIGKILL');
  setTimeout(watchEnd, pollInterval, id, child);
}

function end(id: number, child: Child, grace: number): void {
  const deadline = performance.now() + grace * 1000;
  if (child.deadline !== undefined) {
    child.deadline = Math.min(child.deadline, deadline);
    return;
  }
  child.deadline = deadline;
  signalGroup(child.pid, 'SIGTERM');
  watchEnd(id, child);
}

function start(request: Extract<GuardRequest, { type: 'start' }>): void {
  const { id } = request;
  let log: number | undefined;
  try {
    log = openSync(request.log, 'a');
    // The child writes into the file itself: nothing between it and its output costs it time or can break.
    const child = spawn(request.command[0]!, request.command.slice(1), {
      cwd: request.directory,
      env: { ...request.environment },
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', error => {
      if (child.pid === undefined) report({ type: 'refused', id, reason: error.message });
    });
    if (child.pid === undefined) return;
    const entry: Child = { pid: child.pid, exited: false, deadline: undefined };
    children.set(id, entry);
    report({ type: 'started', id, pid: child.pid });
    child.on('exit', (code, signal) => {
      entry.exited = true;
      report({ type: 'exited', id, code, signal });
      end(id, entry, defaultGrace);
    });
  } catch (error) {
    report({ type: 'refused', id, reason: (error as Error).message });
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

/** Ends all groups and then this process. */
function endAll(): void {
  for (const [id, child] of children) end(id, child, defaultGrace);
  const wait = () => {
    if (children.size === 0) process.exit();
    setTimeout(wait, pollInterval);
  };
  wait();
}

process.on('message', (request: GuardRequest) => {
  if (request.type === 'start') start(request);
  else {
    const child = children.get(request.id);
    if (child !== undefined) end(request.id, child, request.grace);
  }
});
process.on('disconnect', endAll);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, endAll);
// The parent may have ended before the listener above was there.
if (!process.connected) endAll();
