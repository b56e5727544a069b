import { DatabaseSync } from 'node:sqlite';

/** One connection to a database file. Everything on it runs one after the other (see worker.ts). */
export interface Connection extends Disposable {
  readonly db: DatabaseSync;
  /**
   * Runs `work` in a write transaction, which is rolled back as a whole if it throws. Waits up to 30 s for another
   * writer, of this process or of another.
   */
  transaction<T>(work: () => T | Promise<T>): Promise<T>;
}

const patience = 30_000;
const busy = 5;

/** Primary result code of an error of SQLite; `undefined` for other errors. */
function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/**
 * Tries again each millisecond while another connection holds the lock. SQLite's own busy handler sleeps up to 100 ms
 * between two tries and so hardly ever meets the gap between two transactions of a recorder that writes all the time.
 */
function patiently(attempt: () => void): void {
  const nap = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + patience;
  for (;;) {
    try {
      attempt();
      return;
    } catch (error) {
      if (resultCode(error) !== busy) throw error;
      if (performance.now() > end) throw new Error(`another connection held the lock for ${patience / 1000} s`, { cause: error });
      Atomics.wait(nap, 0, 0, 1);
    }
  }
}

/**
 * Opens or creates a database file. WAL, so that readers and a writer go on side by side; synchronous NORMAL, so that a
 * crash of the process loses nothing and a power cut at most the last commits. The WAL may grow to some 16 MB between
 * checkpoints, which measured 20 % more traces per second than SQLite's 4 MB.
 */
export function openConnection(path: string): Connection {
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  try {
    patiently(() => db.exec('PRAGMA journal_mode = WAL'));
    db.exec(`
      PRAGMA busy_timeout = 10000;
      PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -8192;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 67108864;
    `);
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    db,
    async transaction(work) {
      // IMMEDIATE: a transaction that begins as a reader can't wait for the lock once another has written.
      db.exec('PRAGMA busy_timeout = 0');
      try {
        patiently(() => db.exec('BEGIN IMMEDIATE'));
      } finally {
        db.exec('PRAGMA busy_timeout = 10000');
      }
      try {
        const result = await work();
        db.exec('COMMIT');
        return result;
      } catch (error) {
        rollback(db, error);
        throw error;
      }
    },
    [Symbol.dispose]: () => db.close(),
  };
}

/** After some errors (a full disk) SQLite has rolled back by itself, and a second ROLLBACK is an error of its own. */
function rollback(db: DatabaseSync, reason: unknown): void {
  try {
    db.exec('ROLLBACK');
  } catch (error) {
    if (!/no transaction is active/.test((error as Error).message)) throw new AggregateError([reason, error], 'rollback failed');
  }
}
