import type { Kysely } from 'kysely';
import type { RecordingBucket, RecordingState } from '../rows.ts';
import type { Tables } from './schema.ts';

/** Reading the tables of recordings; they are written with the records, see write.ts. */
export function recordingOperations(queries: Kysely<Tables>) {
  const select = queries
    .selectFrom('recordings')
    .select(['EXP_ID as expId', 'START as start', 'END as end', 'STATE as state'])
    .orderBy('START')
    .orderBy('EXP_ID');

  const archivedOf = async (expId: string): Promise<RecordingBucket[]> => {
    const rows = await queries.selectFrom('recording_buckets').selectAll().where('EXP_ID', '=', expId).execute();
    return rows.map(row => ({
      producerId: row.PRODUCER,
      kind: row.KIND,
      node: row.NODE,
      begin: row.BEGIN,
      tally: { count: row.RECORDS, high: row.SUM_HIGH, low: row.SUM_LOW },
      rejected: row.REJECTED,
      version: row.VERSION,
    }));
  };

  return {
    getRecording: (expId: string): Promise<RecordingState | undefined> => select.where('EXP_ID', '=', expId).executeTakeFirst(),
    async unsettledRecordings(since: number): Promise<RecordingState[]> {
      const rows = await select.where(where => where.or([where('END', 'is', null), where('END', '>=', since)])).execute();
      return Promise.all(rows.map(async row => ({ ...row, archived: await archivedOf(row.expId) })));
    },
  };
}
