import { DatabaseSync } from 'node:sqlite';

/** Somebody else holds the lock. */
export class LockedError extends Error {
  constructor(path: string, cause: unknown) {
    super(`${path} is locked by another process`, { cause });
    this.name = 'LockedError';
  }
}

/** `SQLITE_BUSY` of sqlite3.h. */
const busy = 5;

/**
 * Takes the lock that a file stands for, or throws at once. It is an exclusive transaction of SQLite, that is a lock of
 * the kernel, which lets go of it however its holder dies: unlike a file with a process id it can't be stale.
 * @throws LockedError, or what SQLite throws if the file can't be opened
 */
export function takeLock(path: string): Disposable {
  const database = new DatabaseSync(path);
  try {
    // Nothing is ever written; without this a journal file would lie about.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === busy) throw new LockedError(path, error);
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}
