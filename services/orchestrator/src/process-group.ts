import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to a process group. @returns false if the group does not exist (any more). */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    // EPERM: a member has another user by now (setuid), so the group is still there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Does a process of the group run? Orphans that have ended stay in it as zombies until process 1 reaps them, which in a
 * container may be late or never; they count as gone where /proc tells (Linux).
 */
export function groupRuns(group: number): boolean {
  if (!signalGroup(group, 0)) return false;
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return true;
  }
  return entries.some(entry => /^\d+$/.test(entry) && isRunningMember(entry, group));
}

function isRunningMember(pid: string, group: number): boolean {
  try {
    // proc_pid_stat(5): `pid (comm) state ppid pgrp …`; comm may hold anything, parentheses too.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(processGroup) === group && state !== 'Z' && state !== 'X';
  } catch {
    // It has ended since the directory was read.
    return false;
  }
}
