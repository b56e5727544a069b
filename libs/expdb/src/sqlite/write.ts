import type { DatabaseSync } from 'node:sqlite';
import type { ClockOffset, DeadLetter, EventRow, RecordBatch, RecordingState, TelemetryRow, TraceRow } from '../rows.ts';
import type { Connection } from './connection.ts';

/**
 * The hot path: statements prepared once, without kysely.
 * ON CONFLICT DO NOTHING and not OR IGNORE: the latter would also drop, silently, rows that break NOT NULL (a NaN).
 */
function prepare(db: DatabaseSync) {
  return {
    telemetry: db.prepare(`
      INSERT INTO telemetry (TIMESTAMP, METRIC, NODE, VALUE, EXP_ID, SUBSYSTEM) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`),
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
  };
}

/** Writing of records and of what belongs to them. */
export function writeOperations({ db, transaction }: Connection) {
  const statements = prepare(db);

  const telemetry = ({ timestamp, metric, node, value, expId, subsystem }: TelemetryRow) =>
    statements.telemetry.run(timestamp, metric, node, value, expId, subsystem);

  const trace = (row: TraceRow) => {
    const { requestId, expId, details } = row;
    const { changes } = statements.trace.run(
      requestId,
      row.client,
      row.service,
      row.created,
      row.sent,
      row.done,
      row.status,
      row.server,
      expId,
      row.headers,
      row.response,
    );
    // The details belong to the copy that is stored.
    if (changes === 0) return;
    const { released, connected, firstByte, error, bytes, replica } = details;
    if (released === null && connected === null && firstByte === null && error === null && bytes === null && replica === null) {
      return;
    }
    statements.details.run(expId, requestId, released, connected, firstByte, error, bytes, replica);
  };

  const event = ({ expId, timestamp, name, value }: EventRow) => statements.event.run(expId, timestamp, name, value);

  const deadLetter = ({ expId, kind, producer, reason, channel, line, at }: DeadLetter) =>
    statements.deadLetter.run(expId, kind, producer, reason, channel, line, at);

  const clockOffset = ({ expId, producer, at, offset, uncertainty, segment }: ClockOffset) =>
    statements.clockOffset.run(expId, producer, at, offset, uncertainty, segment);

  const recording = ({ expId, start, end, state }: RecordingState) => statements.recording.run(expId, start, end, state);

  return {
    write: (batch: RecordBatch) =>
      transaction(() => {
        for (const row of batch.telemetry) telemetry(row);
        for (const row of batch.traces) trace(row);
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
