export { LocalError } from './errors.ts';
export { type LocalOptions, type LocalOrchestrator, openLocal } from './local.ts';
export {
  connectOrchestrator,
  hasEnded,
  listExperiments,
  type OrchestratorConnection,
  type OrchestratorOptions,
  statusName,
} from './orchestrator.ts';
