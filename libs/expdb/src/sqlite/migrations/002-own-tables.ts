import { type Kysely, sql } from 'kysely';

/** What Galileo's tables have no room for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE experiment_details (
    EXP_ID    VARCHAR(100) NOT NULL PRIMARY KEY,
    REASON    TEXT,
    FILE      TEXT,
    FILE_NAME TEXT,
    SUMMARY   TEXT
  )`.execute(db);
  await sql`CREATE TABLE recordings (
    EXP_ID VARCHAR(100) NOT NULL PRIMARY KEY,
    START  DOUBLE       NOT NULL,
    END    DOUBLE,
    STATE  TEXT         NOT NULL
  )`.execute(db);
  await sql`CREATE TABLE trace_details (
    EXP_ID     VARCHAR(100) NOT NULL,
    REQUEST_ID VARCHAR(36)  NOT NULL,
    RELEASED   DOUBLE,
    CONNECTED  DOUBLE,
    FIRST_BYTE DOUBLE,
    ERROR      TEXT,
    BYTES      BIGINT,
    REPLICA    VARCHAR(255),
    PRIMARY KEY (EXP_ID, REQUEST_ID)
  ) WITHOUT ROWID`.execute(db);
  await sql`CREATE TABLE dead_letters (
    EXP_ID   VARCHAR(100) NOT NULL,
    KIND     VARCHAR(10)  NOT NULL,
    PRODUCER VARCHAR(255) NOT NULL,
    REASON   TEXT         NOT NULL,
    CHANNEL  TEXT         NOT NULL,
    LINE     TEXT         NOT NULL,
    AT       DOUBLE       NOT NULL
  )`.execute(db);
  await sql`CREATE UNIQUE INDEX dead_letters_key ON dead_letters (EXP_ID, KIND, PRODUCER, CHANNEL, LINE)`.execute(db);
  await sql`CREATE TABLE clock_offsets (
    EXP_ID      VARCHAR(100) NOT NULL,
    PRODUCER    VARCHAR(255) NOT NULL,
    AT          DOUBLE       NOT NULL,
    "OFFSET"    DOUBLE       NOT NULL,
    UNCERTAINTY DOUBLE       NOT NULL,
    PRIMARY KEY (EXP_ID, PRODUCER, AT)
  ) WITHOUT ROWID`.execute(db);
}
