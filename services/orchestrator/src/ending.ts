import type { FinalState } from './experiment-state.ts';

/** How an experiment ends, and why if not as planned. */
export interface Ending {
  readonly state: FinalState;
  readonly reason: string | null;
}

/** An experiment is to end before its time. */
export class StopError extends Error {
  readonly state: 'FAILED' | 'CANCELLED';
  constructor(state: 'FAILED' | 'CANCELLED', reason: string) {
    super(reason);
    this.name = 'StopError';
    this.state = state;
  }
}

/** What an error means for the experiment that met it. */
export function endingOf(error: unknown): Ending {
  if (error instanceof StopError) return { state: error.state, reason: error.message };
  return { state: 'FAILED', reason: error instanceof Error ? error.message : String(error) };
}
