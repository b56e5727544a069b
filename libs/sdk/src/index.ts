export { LocalError } from './errors.ts';
export { joinLocalRecorder, type LocalOptions, type LocalOrchestrator, openLocal } from './local.ts';
export {
  connectOrchestrator,
  hasEnded,
  listExperiments,
  type OrchestratorConnection,
  type OrchestratorOptions,
  statusName,
} from './orchestrator.ts';
export { connectRecorder, listRecordings, type RecorderConnection, type RecorderOptions, recordKinds } from './recorder.ts';
