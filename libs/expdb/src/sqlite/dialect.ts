import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import type { Tables } from './schema.ts';

/** Kysely over a connection of node:sqlite. The connection's owner closes it, and opens and ends its transactions. */
export function createQueries(db: DatabaseSync): Kysely<Tables> {
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
    return {
      reader: statement.columns().length > 0,
      all: (parameters: readonly unknown[]) => statement.all(...values(parameters)),
      run: (parameters: readonly unknown[]) => statement.run(...values(parameters)),
      iterate: (parameters: readonly unknown[]) => statement.iterate(...values(parameters)),
    };
  };
  return new Kysely({ dialect: new SqliteDialect({ database: { prepare, close() {} } }) });
}
