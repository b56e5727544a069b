import { ParseError, readInteger, readWord, scan, skipFields } from '../scanner.ts';

/** What is needed of /proc/<pid>/stat (proc_pid_stat(5)), in the kernel's units. */
export interface ProcessStat {
  /** R, S, D, …; Z for one that has ended and was not waited for, X for one that is being taken away. */
  readonly state: string;
  /** Process that waits for it. */
  readonly parent: number;
  /** Clock ticks spent by all its threads, ended ones too: utime + stime. */
  readonly cpu: number;
  /** Clock ticks of the children that it has waited for, with theirs: cutime + cstime. */
  readonly waited: number;
  readonly threads: number;
  /** Resident memory, pages. */
  readonly rss: number;
}

const closing = 0x29;

/** @throws ParseError */
export function parseProcessStat(bytes: Uint8Array): ProcessStat {
  // The second field is the program's name in parentheses, which may itself hold anything.
  const end = bytes.lastIndexOf(closing);
  if (end < 0) throw new ParseError('expected a program name in parentheses');
  const scanner = scan(bytes);
  scanner.at = end + 1;
  const state = readWord(scanner);
  const parent = readInteger(scanner);
  skipFields(scanner, 9);
  const utime = readInteger(scanner);
  const stime = readInteger(scanner);
  const cutime = readInteger(scanner);
  const cstime = readInteger(scanner);
  skipFields(scanner, 2);
  const threads = readInteger(scanner);
  skipFields(scanner, 3);
  const rss = readInteger(scanner);
  return { state, parent, cpu: utime + stime, waited: cutime + cstime, threads, rss };
}

/** Has it ended? The first thread of a living process may have, while others run on. */
export function hasEnded(stat: ProcessStat): boolean {
  return (stat.state === 'Z' || stat.state === 'X') && stat.threads <= 1;
}

/** How many processes and threads were ever started, from /proc/stat; undefined if it does not say. */
export function parseForks(bytes: Uint8Array): number | undefined {
  const key = '\nprocesses ';
  // It stands near the end, behind lines that are long on big machines.
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(key);
  if (at < 0) return undefined;
  const scanner = scan(bytes);
  scanner.at = at + key.length;
  return readInteger(scanner);
}
