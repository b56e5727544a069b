import { StopError } from './ending.ts';
import { isFinal } from './experiment-state.ts';
import type { LiveExperiment } from './live-experiment.ts';

/** Ends attached experiments whose submitter has gone. */
export interface Attachments {
  /** From now on the submitter has some seconds to begin to watch. */
  begin(experiment: LiveExperiment): void;
  /** Somebody watches; disposed when the stream ends, however it does. The first to watch counts as the submitter. */
  watch(experiment: LiveExperiment): Disposable;
}

/** Seconds that the submitter has to begin to watch. */
const patience = 5;

export function superviseAttachment(
  end: (experiment: LiveExperiment, error: StopError) => Promise<void>,
  wait: number = patience,
): Attachments {
  const awaited = new Map<string, NodeJS.Timeout>();

  function giveUp(experiment: LiveExperiment, reason: string): void {
    if (isFinal(experiment.row().status)) return;
    // It never throws: what can fail is told by the experiment itself.
    void end(experiment, new StopError('FAILED', reason));
  }

  return {
    begin(experiment) {
      if (!experiment.submission.attached) return;
      const timer = setTimeout(() => {
        awaited.delete(experiment.id);
        giveUp(experiment, `its submitter did not watch it within ${wait} s`);
      }, wait * 1000);
      timer.unref();
      awaited.set(experiment.id, timer);
    },
    watch(experiment) {
      const timer = awaited.get(experiment.id);
      if (timer === undefined) return { [Symbol.dispose]: () => {} };
      clearTimeout(timer);
      awaited.delete(experiment.id);
      return { [Symbol.dispose]: () => giveUp(experiment, 'its submitter has gone: the stream that watched it broke off') };
    },
  };
}
