import { basename } from 'node:path';
import type { SpoolSystem } from './system.ts';

/** What all operations of a machine throw once it has crashed. */
export class Crash extends Error {}

interface Inode {
  readonly number: number;
  bytes: Buffer;
  /** What a loss of power leaves of it. */
  synced: Buffer;
}

/** A file system in memory, with one directory, that can be made to fail at every change. For tests. */
export interface SimulatedSystem extends SpoolSystem {
  /** Operations that changed something. */
  readonly changes: number;
  /** The change of this number, from 1, is not completed: of a write only the first `share` (0 to 1) of the bytes arrives. */
  crashAt(change: number, share: number): void;
  readonly crashed: boolean;
  /** From now on there is room for so many bytes more. */
  leaveRoom(bytes: number): void;
  /** Another process starts on what the last one left; after a loss of power only with what was synchronised. */
  restart(powerLost?: boolean): void;
  /** Takes all files away. */
  wipe(): void;
  /** Content of a file, to be changed in place. */
  file(name: string): Buffer;
  cut(name: string, size: number): void;
  readonly names: string[];
}

/** Makes an empty one. */
export function simulateSystem(): SimulatedSystem {
  let entries = new Map<string, Inode>();
  let syncedEntries = new Map<string, Inode>();
  let descriptors = new Map<number, Inode>();
  let madeDirectory = false;
  let inodes = 0;
  let fds = 0;
  let processes = 1;
  let boots = 1;
  let changes = 0;
  let crashPoint = Number.POSITIVE_INFINITY;
  let crashShare = 0;
  let crashed = false;
  let capacity = Number.POSITIVE_INFINITY;

  const failure = (code: string) => Object.assign(new Error(code), { code });
  const check = () => {
    if (crashed) throw new Crash('crashed');
  };
  /** @returns false if the machine crashes in mid-change */
  const change = (): boolean => {
    check();
    changes++;
    if (changes === crashPoint) crashed = true;
    return !crashed;
  };
  const apply = (make: () => void) => {
    if (!change()) throw new Crash('crashed');
    make();
  };
  const inodeOf = (fd: number) => {
    check();
    const inode = descriptors.get(fd);
    if (inode === undefined) throw failure('EBADF');
    return inode;
  };
  const open = (inode: Inode) => {
    fds++;
    descriptors.set(fds, inode);
    return fds;
  };
  const find = (path: string) => {
    const inode = entries.get(basename(path));
    if (inode === undefined) throw failure('ENOENT');
    return inode;
  };
  // What is removed and still open takes room, as it does in the kernel.
  const taken = () =>
    [...new Set([...entries.values(), ...descriptors.values()])].reduce((sum, { bytes }) => sum + bytes.length, 0);

  return {
    makeDirectory() {
      check();
      if (!madeDirectory) apply(() => (madeDirectory = true));
    },
    list() {
      check();
      if (!madeDirectory) throw failure('ENOENT');
      return [...entries.keys()];
    },
    create(path) {
      check();
      if (!madeDirectory) throw failure('ENOENT');
      if (entries.has(basename(path))) throw failure('EEXIST');
      inodes++;
      const inode = { number: inodes, bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
      apply(() => entries.set(basename(path), inode));
      return open(inode);
    },
    open(path) {
      check();
      return open(find(path));
    },
    status(file) {
      check();
      if (file === '/spool') return madeDirectory ? { inode: 'd', size: 0 } : undefined;
      const inode = typeof file === 'number' ? descriptors.get(file) : entries.get(basename(file));
      return inode && { inode: String(inode.number), size: inode.bytes.length };
    },
    read(fd, target, at, length, position) {
      const { bytes } = inodeOf(fd);
      // Short reads are allowed at any time.
      const end = Math.min(position + Math.max(1, Math.ceil(length * 0.7)), position + length, bytes.length);
      target.set(bytes.subarray(position, end), at);
      return Math.max(0, end - position);
    },
    write(fd, source, at, length, position) {
      const inode = inodeOf(fd);
      const room = capacity - taken() + Math.max(0, inode.bytes.length - position);
      let count = Math.min(length, room);
      if (count <= 0) throw failure('ENOSPC');
      const whole = change();
      if (!whole) count = Math.floor(count * crashShare);
      const end = Math.max(inode.bytes.length, position + count);
      const bytes = Buffer.alloc(end);
      inode.bytes.copy(bytes);
      bytes.set(source.subarray(at, at + count), position);
      inode.bytes = bytes;
      if (!whole) throw new Crash('crashed');
      return count;
    },
    truncate(fd, size) {
      const inode = inodeOf(fd);
      apply(() => (inode.bytes = inode.bytes.subarray(0, size)));
    },
    sync(fd) {
      const inode = inodeOf(fd);
      apply(() => (inode.synced = inode.bytes));
    },
    syncDirectory() {
      apply(() => (syncedEntries = new Map(entries)));
    },
    close(fd) {
      check();
      descriptors.delete(fd);
    },
    rename(from, to) {
      check();
      const inode = find(from);
      apply(() => {
        entries.delete(basename(from));
        entries.set(basename(to), inode);
      });
    },
    remove(path) {
      check();
      if (entries.has(basename(path))) apply(() => entries.delete(basename(path)));
    },
    removeDirectory() {
      check();
    },
    get boot() {
      return String(boots).padStart(32, '0');
    },
    get process() {
      return `${processes}-1`;
    },
    runs: process => process === `${processes}-1`,

    get changes() {
      return changes;
    },
    crashAt(number, share) {
      crashPoint = number;
      crashShare = share;
    },
    get crashed() {
      return crashed;
    },
    leaveRoom(bytes) {
      capacity = taken() + bytes;
    },
    restart(powerLost = false) {
      processes++;
      crashed = false;
      crashPoint = Number.POSITIVE_INFINITY;
      descriptors = new Map();
      if (!powerLost) return;
      boots++;
      entries = new Map(syncedEntries);
      for (const inode of entries.values()) inode.bytes = inode.synced;
    },
    wipe() {
      entries.clear();
      madeDirectory = false;
    },
    file: name => find(name).bytes,
    cut(name, size) {
      const inode = find(name);
      inode.bytes = inode.bytes.subarray(0, size);
    },
    get names() {
      return [...entries.keys()].sort();
    },
  };
}
