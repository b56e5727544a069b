import type { Kysely } from 'kysely';
import type { RecordingState } from '../rows.ts';
import type { Tables } from './schema.ts';

/** Reading the table recordings; it is written with the records, see write.ts. */
export function recordingOperations(queries: Kysely<Tables>) {
  const select = queries
    .selectFrom('recordings')
    .select(['EXP_ID as expId', 'START as start', 'END as end', 'STATE as state'])
    .orderBy('START')
    .orderBy('EXP_ID');
  return {
    getRecording: (expId: string): Promise<RecordingState | undefined> => select.where('EXP_ID', '=', expId).executeTakeFirst(),
    openRecordings: (): Promise<RecordingState[]> => select.where('END', 'is', null).execute(),
  };
}
