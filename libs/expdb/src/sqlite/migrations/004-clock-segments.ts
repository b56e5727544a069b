import { type Kysely, sql } from 'kysely';

/** Estimates of one segment belong to one line; between segments a clock has stepped. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE clock_offsets ADD COLUMN SEGMENT INTEGER NOT NULL DEFAULT 0`.execute(db);
}
