import type { Connection } from './connection.ts';

/** Rows that one step removes at most: the time for which other writers wait is that of a large batch. */
const stepSize = 5000;

/** Tables with a row per record, and what names a row. */
const large = [
  ['trace_details', 'EXP_ID, REQUEST_ID'],
  ['traces', 'rowid'],
  ['telemetry', 'rowid'],
  ['events', 'rowid'],
  ['dead_letters', 'rowid'],
  ['clock_offsets', 'EXP_ID, PRODUCER, AT'],
  ['recording_buckets', 'EXP_ID, PRODUCER, KIND, NODE, BEGIN'],
] as const;
/** The experiment's own row goes last: a removal that is broken off can be seen and repeated. */
const small = ['nodeinfo', 'recordings', 'metadata', 'experiment_details', 'experiments'] as const;

/** Removing of experiments. */
export function removeOperations({ db, transaction }: Connection) {
  return {
    /** Takes one step; true while there are more to take. */
    removeStep: (expId: string): Promise<boolean> =>
      transaction(() => {
        for (const [table, key] of large) {
          const { changes } = db
            .prepare(`DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE EXP_ID = ? LIMIT ${stepSize})`)
            .run(expId);
          if (Number(changes) > 0) return true;
        }
        for (const table of small) db.prepare(`DELETE FROM ${table} WHERE EXP_ID = ?`).run(expId);
        return false;
      }),
  };
}
