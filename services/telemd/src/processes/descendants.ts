import { existsSync, readdirSync } from 'node:fs';
import { openKernelFile, type Scratch } from '../kernel-file.ts';
import { atEnd, moreOnLine, readInteger, scan } from '../scanner.ts';
import { parseProcessStat } from './process-stat.ts';

/** Finds the processes whose parent is among those followed, and theirs, and so on; parents come before children. */
export type FindDescendants = (followed: ReadonlySet<number>) => readonly number[];

/** Ended while it was looked at; or hidden from this user (option hidepid of /proc). */
const notThere: readonly (string | undefined)[] = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];

/** What `read` gives, or undefined if the process or thread is not there. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (notThere.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

/** Parses /proc/<pid>/task/<tid>/children: process ids, each followed by a blank. @throws ParseError */
export function parseChildren(bytes: Uint8Array): number[] {
  const scanner = scan(bytes);
  const children: number[] = [];
  while (!atEnd(scanner) && moreOnLine(scanner)) children.push(readInteger(scanner));
  return children;
}

/** Does this kernel list children (CONFIG_PROC_CHILDREN)? Asked of a process that runs. */
export function listsChildren(procRoot: string, pid: number): boolean {
  return existsSync(`${procRoot}/${pid}/task/${pid}/children`);
}

/** From the lists of children, which each thread has for those that it has started. */
export function findByChildren(procRoot: string, scratch: Scratch): FindDescendants {
  const childrenOf = (pid: number): number[] => {
    const threads = ifThere(() => readdirSync(`${procRoot}/${pid}/task`)) ?? [];
    return threads.flatMap(thread => {
      const path = `${procRoot}/${pid}/task/${thread}/children`;
      return (
        ifThere(() => {
          using file = openKernelFile(path, scratch);
          return parseChildren(file.read());
        }) ?? []
      );
    });
  };
  return followed => {
    const seen = new Set(followed);
    const found: number[] = [];
    const visit = (pid: number) => {
      for (const child of childrenOf(pid)) {
        if (seen.has(child)) continue;
        seen.add(child);
        found.push(child);
        visit(child);
      }
    };
    for (const pid of followed) visit(pid);
    return found;
  };
}

/** Outsiders are looked at anew after so many scans: their id may by then be that of another process. */
const scansTrusted = 20;

/** From the parent that each process of the machine names: for kernels that don't list children. */
export function findByParents(procRoot: string, scratch: Scratch): FindDescendants {
  /** Processes known to be no descendants. They can't become ones: an orphan goes to an ancestor of its old parent. */
  let outsiders = new Set<number>();
  let scans = 0;

  const parentOf = (pid: number) =>
    ifThere(() => {
      using file = openKernelFile(`${procRoot}/${pid}/stat`, scratch);
      return parseProcessStat(file.read()).parent;
    });

  return followed => {
    scans += 1;
    if (scans % scansTrusted === 0) outsiders = new Set();
    const running = readdirSync(procRoot)
      .map(Number)
      .filter(pid => pid > 0);
    const children = new Map<number, number[]>();
    const unknown = new Set<number>();
    for (const pid of running) {
      if (outsiders.has(pid) || followed.has(pid)) continue;
      const parent = parentOf(pid);
      if (parent === undefined) continue;
      unknown.add(pid);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    }
    const found: number[] = [];
    const visit = (pid: number) => {
      for (const child of children.get(pid) ?? []) {
        if (!unknown.delete(child)) continue;
        found.push(child);
        visit(child);
      }
    };
    for (const pid of followed) visit(pid);
    outsiders = new Set(running.filter(pid => outsiders.has(pid) || unknown.has(pid)));
    return found;
  };
}
