import type { Experiment } from '@galileo/proto/orchestrator';
import { hasEnded } from '@galileo/sdk';
import { explain } from './errors.ts';
import type { Interrupts } from './interrupts.ts';
import type { Progress } from './progress.ts';
import type { Session } from './session.ts';

/**
 * Watches an experiment to its end. The first interrupt cancels it and goes on watching; the second one ends the watching with an error.
 * @param seen is told each state of the experiment, so that the last one is known if the watching breaks off.
 */
export async function follow(
  session: Session,
  experimentId: string,
  progress: Progress,
  interrupts: Interrupts,
  seen: (experiment: Experiment) => void,
): Promise<Experiment> {
  const cancel = () => {
    progress.notice('cancelling; what was recorded is kept (again: stop waiting)');
    session.client.cancelExperiment({ experimentId }).catch(error => progress.notice(explain(error, session)));
  };
  interrupts.first.addEventListener('abort', cancel, { once: true });
  try {
    if (interrupts.first.aborted) cancel();
    for await (const message of session.client.watchExperiment({ experimentId }, { signal: interrupts.second })) {
      if (message.experiment === undefined) continue;
      seen(message.experiment);
      progress.update(message);
      if (hasEnded(message.experiment.status)) return message.experiment;
    }
    throw new Error(`the orchestrator stopped telling about ${experimentId} before it had ended`);
  } finally {
    interrupts.first.removeEventListener('abort', cancel);
  }
}
