import { join } from 'node:path';
import { SpoolLockedError } from './errors.ts';
import type { SpoolSystem } from './system.ts';

/** A directory that is this process's alone. */
export interface Lock extends Disposable {
  /** Makes sure of it, in case the file was removed. @throws SpoolLockedError if another process has the directory now */
  keep(): void;
}

const prefix = 'lock.';

/**
 * Takes the lock of a directory. A lock is an empty file whose name names a process and the boot that it belongs to, made
 * before the others are looked for: of two processes the one that comes second sees the first. (If both come at once, both
 * may be refused.) The locks of processes that have ended are removed, which can never hit another's: no two have one name.
 *
 * Processes that can't see each other, in containers with process numbers of their own, must not be given one directory.
 * @throws SpoolLockedError if a process that runs has it
 */
export function takeLock(system: SpoolSystem, directory: string): Lock {
  const boot = system.boot.slice(0, 8);
  const name = `${prefix}${boot}-${system.process}`;
  const path = join(directory, name);
  const pidOf = (process: string) => Number(process.split('-')[0]);

  const create = () => {
    try {
      system.close(system.create(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new SpoolLockedError(directory, pidOf(system.process));
    }
  };

  const yieldToOthers = () => {
    for (const other of system.list(directory)) {
      if (!other.startsWith(prefix) || other === name) continue;
      const process = other.slice(prefix.length + boot.length + 1);
      if (other.startsWith(`${prefix}${boot}-`) && system.runs(process)) {
        system.remove(path);
        throw new SpoolLockedError(directory, pidOf(process));
      }
      system.remove(join(directory, other));
    }
  };

  create();
  yieldToOthers();
  return {
    keep() {
      if (system.status(path) !== undefined) return;
      create();
      yieldToOthers();
    },
    [Symbol.dispose]: () => system.remove(path),
  };
}
