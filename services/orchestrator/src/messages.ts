import { type Experiment, ExperimentStatus } from '@galileo/proto/orchestrator';
import type { State } from './experiment-state.ts';
import type { Row } from './live-experiment.ts';

const statuses: Readonly<Record<State, ExperimentStatus>> = {
  QUEUED: ExperimentStatus.QUEUED,
  PREPARING: ExperimentStatus.PREPARING,
  RUNNING: ExperimentStatus.RUNNING,
  FINALIZING: ExperimentStatus.FINALIZING,
  FINISHED: ExperimentStatus.FINISHED,
  FAILED: ExperimentStatus.FAILED,
  CANCELLED: ExperimentStatus.CANCELLED,
};

/** An experiment as calls are answered. */
export function experimentMessage(row: Row): Experiment {
  const { id, name, creator, created, status, start, end, reason } = row;
  return { id, name, creator, created, status: statuses[status], start: start ?? 0, end: end ?? 0, reason: reason ?? '' };
}
