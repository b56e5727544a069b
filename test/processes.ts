// What anybody may read of running processes.
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessSeen {
  readonly pid: number;
  readonly command: readonly string[];
  readonly environment: readonly string[];
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It has ended.
    return '';
  }
}

/** The parent's id stands two fields after the name, which is in parentheses and may hold anything. */
const parentOf = (pid: number) => Number(/.*\) \S+ (\d+)/s.exec(read(pid, 'stat'))?.[1] ?? 0);

/** All that `root` has started, and what that has started, and so on. */
export function descendants(root: number): ProcessSeen[] {
  const pids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
  const children = Map.groupBy(pids, parentOf);
  const found: ProcessSeen[] = [];
  const words = (text: string) => text.split('\0').filter(Boolean);
  const visit = (pid: number) => {
    for (const child of children.get(pid) ?? []) {
      found.push({ pid: child, command: words(read(child, 'cmdline')), environment: words(read(child, 'environ')) });
      visit(child);
    }
  };
  visit(root);
  return found;
}
