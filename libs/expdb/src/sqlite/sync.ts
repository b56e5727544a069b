import { closeSync, fdatasyncSync, openSync } from 'node:fs';

/** Writing through to the device. */
export function syncOperations(path: string) {
  return {
    /**
     * All that is committed outlives a loss of power from here on. With synchronous NORMAL SQLite syncs the WAL only before
     * it moves it into the database (sqlite.org/pragma.html#pragma_synchronous); it keeps its locks in the other two files, so
     * that this one may be opened and closed.
     */
    sync(): void {
      const wal = openSync(`${path}-wal`, 'r');
      try {
        fdatasyncSync(wal);
      } finally {
        closeSync(wal);
      }
    },
  };
}
