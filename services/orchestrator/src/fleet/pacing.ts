import type { ExperimentSpec } from '@galileo/experiment';
import type { WorkerMember } from './fleet.ts';

/** Variable of a load client, and so its label, that chooses the pacing, which a process has one of. */
export const pacingVariable = 'galileo_client_pacing';

/** What a load client does whose environment does not choose. */
const usual = 'balanced';

type Labelled = Pick<WorkerMember, 'name' | 'labels'>;

export function pacingOf({ labels }: Labelled): string {
  return labels[pacingVariable] ?? usual;
}

/** The load clients that await requests as an experiment asks: all of them where it does not ask. */
export function paced<Worker extends Labelled>(workers: readonly Worker[], pacing: ExperimentSpec['pacing']): readonly Worker[] {
  return pacing === undefined ? workers : workers.filter(worker => pacingOf(worker) === pacing);
}
