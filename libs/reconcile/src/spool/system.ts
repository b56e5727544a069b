import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { makeDirectory } from '@galileo/service';

/** Which file it is, wherever it is now, and its size in bytes. */
export interface FileStatus {
  readonly inode: string;
  readonly size: number;
}

/**
 * What a spool needs of the operating system; a test simulates it with all that can go wrong. Everything is synchronous:
 * records must be in the kernel before they are published, and a write to the page cache costs less than a turn of the
 * event loop. Errors are those of `node:fs`, with their codes.
 */
export interface SpoolSystem {
  /** Makes a directory, with its parents, for this user's eyes only. @throws Error if it is there and another user's. */
  makeDirectory(path: string): void;
  list(directory: string): string[];
  /** Makes a file for reading and writing that must not be there yet. @returns its descriptor */
  create(path: string): number;
  /** Opens a file for reading and writing. @returns its descriptor */
  open(path: string): number;
  /** Of a path or a descriptor; undefined if there is no such file. */
  status(file: string | number): FileStatus | undefined;
  /** Reads at most `length` bytes. @returns how many; 0 at the end of the file */
  read(fd: number, target: Uint8Array, at: number, length: number, position: number): number;
  /** Writes at most `length` bytes. @returns how many */
  write(fd: number, source: Uint8Array, at: number, length: number, position: number): number;
  truncate(fd: number, size: number): void;
  sync(fd: number): void;
  syncDirectory(path: string): void;
  close(fd: number): void;
  rename(from: string, to: string): void;
  /** Removes a file; it is no error if there is none. */
  remove(path: string): void;
  /** Removes a directory if it is empty. */
  removeDirectory(path: string): void;
  /** What the machine calls the time since it was started, 32 hex digits; empty if it doesn't say. */
  readonly boot: string;
  /** Names this process, and no other that ever ran on this machine: `<pid>-<start>`. */
  readonly process: string;
  /** Does the process of this name run? */
  runs(process: string): boolean;
}

/**
 * When a process was started, in ticks since the machine was (proc_pid_stat(5), field 22), which tells it from a later one
 * of the same number. `0` where there is no /proc; undefined if the process has ended, and be it not yet reaped.
 */
function startOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    try {
      readFileSync('/proc/self/stat');
      return undefined;
    } catch {
      return isAlive(pid) ? '0' : undefined;
    }
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').replaceAll(/[^0-9a-f]/g, '');
  } catch {
    return '';
  }
}

/**
 * Makes a directory this user's own. Below a directory where everybody may write (/dev/shm) someone else could have made
 * it before, to read along.
 */
function makeOwnDirectory(path: string): void {
  makeDirectory(path, 0o700);
  const status = lstatSync(path);
  if (!status.isDirectory()) throw new Error(`${path} is no directory (links are not followed)`);
  if (process.getuid !== undefined && status.uid !== process.getuid()) throw new Error(`${path} belongs to user ${status.uid}`);
  if ((status.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

function statusOf(file: string | number): FileStatus | undefined {
  let status: Stats | undefined;
  if (typeof file === 'number') status = fstatSync(file);
  else status = statSync(file, { throwIfNoEntry: false });
  return status && { inode: `${status.dev}:${status.ino}`, size: status.size };
}

/** The system that this process runs on. */
export function createSystem(): SpoolSystem {
  const start = startOf(process.pid);
  if (start === undefined) throw new Error(`/proc has no process ${process.pid}, which is this one`);
  return {
    makeDirectory: makeOwnDirectory,
    list: directory => readdirSync(directory),
    create: path => openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600),
    open: path => openSync(path, constants.O_RDWR),
    status: statusOf,
    read: readSync,
    write: writeSync,
    truncate: ftruncateSync,
    sync: fsyncSync,
    syncDirectory(path) {
      const fd = openSync(path, constants.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
    close: closeSync,
    rename: renameSync,
    remove: path => rmSync(path, { force: true }),
    removeDirectory(path) {
      try {
        rmdirSync(path);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
      }
    },
    boot: bootId(),
    process: `${process.pid}-${start}`,
    runs(name) {
      const [pid, startedAt] = name.split('-');
      return startedAt !== undefined && startOf(Number(pid)) === startedAt;
    },
  };
}
