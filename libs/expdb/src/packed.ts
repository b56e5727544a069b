import type { RecordBatch } from './record-batch.ts';
import type { TraceRow } from './rows.ts';
import { createTelemetryColumns, type PackedTelemetry, type TelemetryColumns } from './telemetry-columns.ts';

/**
 * A batch on its way to the store's thread. Telemetry and traces, which come by the hundred thousand, travel as columns: as
 * objects they took the sending thread three times as long, and the thread of SQLite half as long as the inserts themselves.
 */
export interface PackedBatch extends Omit<RecordBatch, 'telemetry' | 'traces'> {
  readonly telemetry: PackedTelemetry;
  readonly traces: PackedTraces;
}

/** Texts of a trace in `PackedTraces`, in this order. */
export const traceTexts = 9;

/** Numbers of a trace in `PackedTraces`, in this order. */
export const traceNumbers = 8;

export interface PackedTraces {
  readonly rows: number;
  /** Nine per row: request id, experiment, client, service, server, headers, response; error and replica of the details. */
  readonly texts: readonly (string | null)[];
  /** Eight per row: created, sent, done, status; released, connected, first byte and bytes of the details, NaN where there is none. */
  readonly numbers: Float64Array<ArrayBuffer>;
}

function columnsOf(rows: RecordBatch['telemetry']): TelemetryColumns {
  if ('pack' in rows) return rows;
  const columns = createTelemetryColumns();
  for (const row of rows) columns.push(row);
  return columns;
}

function packTraces(rows: readonly TraceRow[]): PackedTraces {
  const texts: (string | null)[] = [];
  const numbers = new Float64Array(traceNumbers * rows.length);
  let at = 0;
  for (const row of rows) {
    const { details } = row;
    texts.push(row.requestId, row.expId, row.client, row.service, row.server, row.headers, row.response);
    texts.push(details.error, details.replica);
    numbers[at++] = row.created;
    numbers[at++] = row.sent;
    numbers[at++] = row.done;
    numbers[at++] = row.status;
    numbers[at++] = details.released ?? Number.NaN;
    numbers[at++] = details.connected ?? Number.NaN;
    numbers[at++] = details.firstByte ?? Number.NaN;
    numbers[at++] = details.bytes ?? Number.NaN;
  }
  return { rows: rows.length, texts, numbers };
}

/** Packs a batch, which stays as it is. `transfer` is what changes hands with it instead of being copied. */
export function packBatch(batch: RecordBatch): { readonly packed: PackedBatch; readonly transfer: readonly ArrayBuffer[] } {
  const telemetry = columnsOf(batch.telemetry).pack();
  const traces = packTraces(batch.traces);
  return {
    packed: { ...batch, telemetry, traces },
    transfer: [telemetry.codes.buffer, telemetry.numbers.buffer, traces.numbers.buffer],
  };
}
