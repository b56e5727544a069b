import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { ClockOffset, DeadLetter, EventRow, RecordCounts, RecordKind, TelemetryRow, TraceSummary } from '../rows.ts';
import type { Connection } from './connection.ts';

/** Some rows, and where the next ones begin; `next` is null with the last ones. */
export interface Page<Row, Cursor> {
  readonly rows: readonly Row[];
  readonly next: Cursor | null;
}

/** Position in the traces of an experiment: behind this row. */
export type TraceCursor = readonly [created: number, rowid: number];
/** Position in the telemetry of an experiment: behind this key. */
export type TelemetryCursor = readonly [timestamp: number, node: string, metric: string, subsystem: string];

/** Rows per page: some 10 ms of reading, about a megabyte in memory. */
const pageSize = 4000;
/** Sorts before every row. */
const first: TraceCursor = [Number.NEGATIVE_INFINITY, 0];

/**
 * Counting by group. (`all` gives rows as records of values; what a query's columns hold is known here alone.)
 */
function counted<Key extends string>(db: DatabaseSync, query: string, expId: string): Map<Key, number> {
  const rows = db.prepare(query).all(expId) as { key: Key; rows: number }[];
  return new Map(rows.map(row => [row.key, row.rows]));
}

/** Which telemetry. */
export interface TelemetryChoice {
  readonly metrics?: readonly string[];
  /** Half-open span of time, UNIX seconds. */
  readonly span?: readonly [from: number, to: number];
}

function telemetryQuery({ metrics, span }: TelemetryChoice, from: TelemetryCursor | null): string {
  // In the order of the unique key, so that a page is one walk along its index.
  const key = "TIMESTAMP, NODE, METRIC, ifnull(SUBSYSTEM, '')";
  return `
    SELECT EXP_ID AS expId, NODE AS node, METRIC AS metric, SUBSYSTEM AS subsystem, TIMESTAMP AS timestamp, VALUE AS value
    FROM telemetry
    WHERE EXP_ID = ?
      ${metrics === undefined ? '' : `AND METRIC IN (${metrics.map(() => '?').join(', ')})`}
      ${span === undefined ? '' : 'AND TIMESTAMP >= ? AND TIMESTAMP < ?'}
      ${from === null ? '' : `AND (${key}) > (?, ?, ?, ?)`}
    ORDER BY ${key} LIMIT ${pageSize}`;
}

/**
 * Reading of records. Each call is one short read: between two pages nothing is held, neither memory nor a transaction
 * that would keep the WAL from being reset.
 */
export function readOperations({ db }: Connection) {
  const traces = db.prepare(`
    SELECT t.rowid AS id, t.REQUEST_ID AS requestId, t.CLIENT AS client, t.SERVICE AS service, t.CREATED AS created,
      t.SENT AS sent, t.DONE AS done, ifnull(t.STATUS, -1) AS status, t.SERVER AS server, d.RELEASED AS released,
      d.CONNECTED AS connected, d.FIRST_BYTE AS firstByte, d.ERROR AS error, d.BYTES AS bytes, d.REPLICA AS replica
    FROM traces t LEFT JOIN trace_details d ON d.EXP_ID = t.EXP_ID AND d.REQUEST_ID = t.REQUEST_ID
    WHERE t.EXP_ID = ? AND (t.CREATED, t.rowid) > (?, ?)
    ORDER BY t.CREATED, t.rowid LIMIT ${pageSize}`);

  return {
    traces(expId: string, from: TraceCursor | null): Page<TraceSummary, TraceCursor> {
      const found = traces.all(expId, ...(from ?? first)) as unknown as (TraceSummary & { id: number })[];
      const last = found.length < pageSize ? undefined : found.at(-1);
      return { rows: found.map(({ id, ...row }) => row), next: last === undefined ? null : [last.created, last.id] };
    },

    telemetry(expId: string, choice: TelemetryChoice, from: TelemetryCursor | null): Page<TelemetryRow, TelemetryCursor> {
      const values: SQLInputValue[] = [expId, ...(choice.metrics ?? []), ...(choice.span ?? []), ...(from ?? [])];
      const rows = db.prepare(telemetryQuery(choice, from)).all(...values) as unknown as TelemetryRow[];
      const last = rows.length < pageSize ? undefined : rows.at(-1);
      return { rows, next: last === undefined ? null : [last.timestamp, last.node, last.metric, last.subsystem ?? ''] };
    },

    events: (expId: string) =>
      db
        .prepare(
          'SELECT EXP_ID AS expId, TIMESTAMP AS timestamp, NAME AS name, VALUE AS value FROM events WHERE EXP_ID = ? ORDER BY TIMESTAMP, rowid',
        )
        .all(expId) as unknown as EventRow[],

    deadLetters: (expId: string, kind: RecordKind) =>
      db
        .prepare(
          'SELECT EXP_ID AS expId, KIND AS kind, PRODUCER AS producer, REASON AS reason, CHANNEL AS channel, LINE AS line, AT AS at FROM dead_letters WHERE EXP_ID = ? AND KIND = ? ORDER BY rowid',
        )
        .all(expId, kind) as unknown as DeadLetter[],

    clockOffsets: (expId: string) =>
      db
        .prepare(
          'SELECT EXP_ID AS expId, PRODUCER AS producer, AT AS at, "OFFSET" AS offset, UNCERTAINTY AS uncertainty, SEGMENT AS segment FROM clock_offsets WHERE EXP_ID = ? ORDER BY PRODUCER, AT',
        )
        .all(expId) as unknown as ClockOffset[],

    counts: (expId: string): RecordCounts => ({
      traces: counted(
        db,
        `SELECT substr(REQUEST_ID, 1, instr(REQUEST_ID || ':', ':') - 1) AS key, COUNT(*) AS rows
         FROM traces WHERE EXP_ID = ? GROUP BY key`,
        expId,
      ),
      telemetry: counted(db, 'SELECT NODE AS key, COUNT(*) AS rows FROM telemetry WHERE EXP_ID = ? GROUP BY NODE', expId),
      events: db.prepare('SELECT COUNT(*) AS rows FROM events WHERE EXP_ID = ?').get(expId)!['rows'] as number,
      rejected: counted<RecordKind>(
        db,
        'SELECT KIND AS key, COUNT(*) AS rows FROM dead_letters WHERE EXP_ID = ? GROUP BY KIND',
        expId,
      ),
    }),
  };
}
