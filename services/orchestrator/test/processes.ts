import { readFileSync } from 'node:fs';

/** Does a process run? One that has ended and waits to be reaped does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return process.platform !== 'linux';
  }
}

/** A shell command that starts a child of its own, prints both pids, and ignores what does not kill it if told so. */
export function family(options: { stubborn?: boolean } = {}): string[] {
  const trap = options.stubborn === true ? "trap '' TERM; " : '';
  return ['sh', '-c', `${trap}sleep 1000 & echo $! $$; wait; wait`];
}

/** Id of the process that has started a process. Linux only. */
export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
