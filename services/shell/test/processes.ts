import { readdirSync, readFileSync } from 'node:fs';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

/** All processes of this machine, from /proc (proc_pid_stat(5): `pid (comm) state ppid …`). */
function entries(): Entry[] {
  const found: Entry[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      found.push({ pid: Number(name), parent: Number(parent), state });
    } catch {
      // It has ended since the directory was read.
    }
  }
  return found;
}

/** A process with all its descendants. */
export function familyOf(pid: number): number[] {
  const all = entries();
  const family = [pid];
  for (const member of family) family.push(...all.filter(entry => entry.parent === member).map(entry => entry.pid));
  return family;
}

/** Those of the processes that run; one that has ended and that nobody has reaped yet doesn't. */
export function running(pids: readonly number[]): number[] {
  return entries()
    .filter(({ pid, state }) => pids.includes(pid) && state !== 'Z' && state !== 'X')
    .map(entry => entry.pid);
}
