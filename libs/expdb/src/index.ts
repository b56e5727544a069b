export type { RecordBatch } from './record-batch.ts';
export type {
  ClockOffset,
  DeadLetter,
  EventRow,
  Experiment,
  RecordCounts,
  RecordingState,
  RecordKind,
  TelemetryRow,
  TraceRow,
  TraceSummary,
} from './rows.ts';
export { type ExperimentStore, openStore } from './store.ts';
export { StoreError } from './store-error.ts';
export { createTelemetryColumns, type TelemetryColumns } from './telemetry-columns.ts';
export { checkStore, storeVariables } from './variables.ts';
