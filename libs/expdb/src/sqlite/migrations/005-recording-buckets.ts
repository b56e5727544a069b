import { type Kysely, sql } from 'kysely';

/**
 * What a recording knows of buckets of sample time that are over and agreed: written once each, unlike its state, which is
 * written with every batch. Sums of hashes are two unsigned 32-bit halves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE recording_buckets (
    EXP_ID TEXT NOT NULL, PRODUCER TEXT NOT NULL, KIND TEXT NOT NULL, NODE TEXT NOT NULL, BEGIN REAL NOT NULL,
    RECORDS INTEGER NOT NULL, SUM_HIGH INTEGER NOT NULL, SUM_LOW INTEGER NOT NULL, REJECTED INTEGER NOT NULL,
    VERSION INTEGER NOT NULL, PRIMARY KEY (EXP_ID, PRODUCER, KIND, NODE, BEGIN)) WITHOUT ROWID`.execute(db);
}
