import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import type { Connection } from './connection.ts';
import { migrations } from './migrations/registry.ts';
import type { Tables } from './schema.ts';

function applied({ db }: Connection): string[] {
  const table = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(DEFAULT_MIGRATION_TABLE);
  if (table === undefined) return [];
  return db
    .prepare(`SELECT name FROM ${DEFAULT_MIGRATION_TABLE}`)
    .all()
    .map(row => String(row['name']));
}

/**
 * Brings a database to the newest schema, wholly or not at all. Several processes may do so at the same time: the first
 * gets the write lock, the others find nothing left to do.
 * @throws Error if a newer version of Galileo has been here.
 */
export async function migrate(connection: Connection, queries: Kysely<Tables>): Promise<void> {
  const done = applied(connection);
  const unknown = done.filter(name => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new Error(`it was written by a newer version of Galileo (it has the migration ${unknown.join(', ')}, unknown here)`);
  }
  if (done.length === Object.keys(migrations).length) return;
  await connection.transaction(async () => {
    const migrator = new Migrator({ db: queries, provider: { getMigrations: async () => ({ ...migrations }) } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  });
}
