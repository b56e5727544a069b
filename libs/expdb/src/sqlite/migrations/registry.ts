import type { Migration } from 'kysely/migration';
import { up as galileoTables } from './001-galileo-tables.ts';
import { up as ownTables } from './002-own-tables.ts';
import { up as recordKeys } from './003-record-keys.ts';
import { up as clockSegments } from './004-clock-segments.ts';
import { up as recordingBuckets } from './005-recording-buckets.ts';

/** All migrations in the order of their numbers. One that was released is never changed; changes get the next number. */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-galileo-tables': { up: galileoTables },
  '002-own-tables': { up: ownTables },
  '003-record-keys': { up: recordKeys },
  '004-clock-segments': { up: clockSegments },
  '005-recording-buckets': { up: recordingBuckets },
};
