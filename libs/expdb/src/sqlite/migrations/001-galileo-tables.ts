import { type Kysely, sql } from 'kysely';

/** The original's own DDL; where its file is opened, the tables are there already. */
const tables = {
  experiments: `
    EXP_ID  VARCHAR(100) NOT NULL,
    NAME    VARCHAR(100),
    CREATOR VARCHAR(100),
    START   DOUBLE,
    END     DOUBLE,
    CREATED DOUBLE,
    STATUS  VARCHAR(30) NOT NULL,
    CONSTRAINT experiments_pk PRIMARY KEY (EXP_ID)`,
  nodeinfo: `
    EXP_ID      VARCHAR(100) NOT NULL,
    NODE        VARCHAR(50) NOT NULL,
    INFO_KEY    VARCHAR(50),
    INFO_VALUE  TEXT`,
  telemetry: `
    EXP_ID    VARCHAR(100) NOT NULL,
    TIMESTAMP DOUBLE       NOT NULL,
    METRIC    VARCHAR(100) NOT NULL,
    SUBSYSTEM VARCHAR(100),
    NODE      VARCHAR(50)  NOT NULL,
    VALUE     DOUBLE       NOT NULL`,
  events: `
    EXP_ID      VARCHAR(100) NOT NULL,
    TIMESTAMP   DOUBLE       NOT NULL,
    NAME        VARCHAR(100) NOT NULL,
    VALUE       TEXT`,
  traces: `
    REQUEST_ID  VARCHAR(36)  NOT NULL,
    CLIENT      VARCHAR(50)  NOT NULL,
    SERVICE     VARCHAR(50)  NOT NULL,
    CREATED     DOUBLE       NOT NULL,
    SENT        DOUBLE       NOT NULL,
    DONE        DOUBLE       NOT NULL,
    STATUS      INT,
    RESPONSE    TEXT,
    HEADERS     TEXT,
    SERVER      VARCHAR(50),
    EXP_ID      VARCHAR(100)`,
  metadata: `
    EXP_ID  VARCHAR(100) NOT NULL,
    DATA    JSON         NOT NULL,
    CONSTRAINT experiments_pk PRIMARY KEY (EXP_ID)`,
};

/**
 * Galileo's six tables.
 * @throws Error if a table of that name with other columns is there: the file belongs to something else.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, columns] of Object.entries(tables)) {
    await sql.raw(`CREATE TABLE IF NOT EXISTS ${table} (${columns}\n)`).execute(db);
    const expected = columns.match(/^ +[A-Z_]+(?= +(?:VARCHAR|DOUBLE|TEXT|INT|JSON))/gm)!.map(name => name.trim());
    const { rows } = await sql<{ name: string }>`SELECT name FROM pragma_table_info(${table}) ORDER BY cid`.execute(db);
    const found = rows.map(row => row.name.toUpperCase());
    if (found.join() !== expected.join()) {
      throw new Error(`table ${table} has the columns ${found.join(', ')}; allowed: ${expected.join(', ')}`);
    }
  }
}
