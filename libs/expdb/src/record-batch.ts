import type { ClockOffset, DeadLetter, EventRow, RecordingState, TelemetryRow, TraceRow } from './rows.ts';
import type { TelemetryColumns } from './telemetry-columns.ts';

/** What is written in one transaction. */
export interface RecordBatch {
  readonly telemetry: readonly TelemetryRow[] | TelemetryColumns;
  readonly traces: readonly TraceRow[];
  readonly events: readonly EventRow[];
  readonly deadLetters: readonly DeadLetter[];
  readonly clockOffsets: readonly ClockOffset[];
  readonly recordings: readonly RecordingState[];
}
