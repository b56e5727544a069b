import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { type PackedBatch, type PackedTraces, traceNumbers, traceTexts } from '../packed.ts';
import type { ClockOffset, DeadLetter, EventRow, RecordingState } from '../rows.ts';
import type { PackedTelemetry } from '../telemetry-columns.ts';
import type { Connection } from './connection.ts';

/**
 * Rows of telemetry in one statement: 1.2 us of CPU per row against 1.9 us one by one, and no less with 100. Traces, whose
 * cost are their bytes, gain nothing.
 */
const rowsTogether = 40;

function insertTelemetry(rows: number): string {
  const values = Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?)').join(', ');
  return `INSERT INTO telemetry (TIMESTAMP, METRIC, NODE, VALUE, EXP_ID, SUBSYSTEM) VALUES ${values} ON CONFLICT DO NOTHING`;
}

/**
 * The hot path: statements prepared once, without kysely.
 * ON CONFLICT DO NOTHING and not OR IGNORE: the latter would also drop, silently, rows that break NOT NULL (a NaN).
 */
function prepare(db: DatabaseSync) {
  return {
    telemetry: db.prepare(insertTelemetry(1)),
    telemetryTogether: db.prepare(insertTelemetry(rowsTogether)),
    trace: db.prepare(`
      INSERT INTO traces (REQUEST_ID, CLIENT, SERVICE, CREATED, SENT, DONE, STATUS, SERVER, EXP_ID, HEADERS, RESPONSE)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    details: db.prepare(`
      INSERT INTO trace_details (EXP_ID, REQUEST_ID, RELEASED, CONNECTED, FIRST_BYTE, ERROR, BYTES, REPLICA)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    event: db.prepare('INSERT INTO events (EXP_ID, TIMESTAMP, NAME, VALUE) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'),
    deadLetter: db.prepare(`
      INSERT INTO dead_letters (EXP_ID, KIND, PRODUCER, REASON, CHANNEL, LINE, AT) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`),
    clockOffset: db.prepare(`
      INSERT INTO clock_offsets (EXP_ID, PRODUCER, AT, "OFFSET", UNCERTAINTY, SEGMENT) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    recording: db.prepare(`
      INSERT INTO recordings (EXP_ID, START, END, STATE) VALUES (?, ?, ?, ?)
      ON CONFLICT (EXP_ID) DO UPDATE SET START = excluded.START, END = excluded.END, STATE = excluded.STATE`),
    bucket: db.prepare(`
      INSERT OR REPLACE INTO recording_buckets (EXP_ID, PRODUCER, KIND, NODE, BEGIN, RECORDS, SUM_HIGH, SUM_LOW, REJECTED, VERSION)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  };
}

/** Writing of records and of what belongs to them. */
export function writeOperations({ db, transaction }: Connection) {
  const statements = prepare(db);

  /** Inserts the rows from `from` to `to`, as many as the statement takes. */
  const insert = (statement: StatementSync, { texts, codes, numbers }: PackedTelemetry, from: number, to: number) => {
    const values: SQLInputValue[] = [];
    for (let row = from; row < to; row++) {
      const code = 4 * row;
      values.push(
        numbers[2 * row]!,
        texts[codes[code + 2]!]!,
        texts[codes[code + 1]!]!,
        numbers[2 * row + 1]!,
        texts[codes[code]!]!,
        texts[codes[code + 3]!]!,
      );
    }
    statement.run(...values);
  };

  const telemetry = (packed: PackedTelemetry) => {
    let row = 0;
    for (; row + rowsTogether <= packed.rows; row += rowsTogether) {
      insert(statements.telemetryTogether, packed, row, row + rowsTogether);
    }
    for (; row < packed.rows; row++) insert(statements.telemetry, packed, row, row + 1);
  };

  const trace = ({ texts, numbers }: PackedTraces, row: number) => {
    const text = traceTexts * row;
    const number = traceNumbers * row;
    const requestId = texts[text]!;
    const expId = texts[text + 1]!;
    const { changes } = statements.trace.run(
      requestId,
      texts[text + 2]!,
      texts[text + 3]!,
      numbers[number]!,
      numbers[number + 1]!,
      numbers[number + 2]!,
      numbers[number + 3]!,
      texts[text + 4]!,
      expId,
      texts[text + 5]!,
      texts[text + 6]!,
    );
    // The details belong to the copy that is stored.
    if (changes === 0) return;
    const error = texts[text + 7]!;
    const replica = texts[text + 8]!;
    const details = numbers.subarray(number + 4, number + 8);
    if (error === null && replica === null && details.every(Number.isNaN)) return;
    // A NaN is stored as NULL.
    statements.details.run(expId, requestId, details[0]!, details[1]!, details[2]!, error, details[3]!, replica);
  };

  const event = ({ expId, timestamp, name, value }: EventRow) => statements.event.run(expId, timestamp, name, value);

  const deadLetter = ({ expId, kind, producer, reason, channel, line, at }: DeadLetter) =>
    statements.deadLetter.run(expId, kind, producer, reason, channel, line, at);

  const clockOffset = ({ expId, producer, at, offset, uncertainty, segment }: ClockOffset) =>
    statements.clockOffset.run(expId, producer, at, offset, uncertainty, segment);

  const recording = ({ expId, start, end, state, archived = [] }: RecordingState) => {
    statements.recording.run(expId, start, end, state);
    for (const { producerId, kind, node, begin, tally, rejected, version } of archived) {
      statements.bucket.run(expId, producerId, kind, node, begin, tally.count, tally.high, tally.low, rejected, version);
    }
  };

  return {
    write: (batch: PackedBatch) =>
      transaction(() => {
        telemetry(batch.telemetry);
        for (let row = 0; row < batch.traces.rows; row++) trace(batch.traces, row);
        for (const row of batch.events) event(row);
        for (const row of batch.deadLetters) deadLetter(row);
        for (const row of batch.clockOffsets) clockOffset(row);
        for (const row of batch.recordings) recording(row);
      }),

    saveRecording: (state: RecordingState) =>
      transaction(() => {
        recording(state);
      }),
  };
}
