export type {
  ClockOffset,
  DeadLetter,
  EventRow,
  Experiment,
  RecordBatch,
  RecordCounts,
  RecordingState,
  RecordKind,
  TelemetryRow,
  TraceRow,
  TraceSummary,
} from './rows.ts';
export { type ExperimentStore, openStore } from './store.ts';
export { StoreError } from './store-error.ts';
export { checkStore, storeVariables } from './variables.ts';
