/** States of an experiment, in the order of its life; the last three are final. */
export const states = ['QUEUED', 'PREPARING', 'RUNNING', 'FINALIZING', 'FINISHED', 'FAILED', 'CANCELLED'] as const;
export type State = (typeof states)[number];
export type FinalState = 'FINISHED' | 'FAILED' | 'CANCELLED';

/**
 * What may follow what. An experiment that has recorded something goes through FINALIZING however it ends; the direct
 * ways to FAILED and CANCELLED are for what ended before (or, for FAILED, with its orchestrator).
 */
const successors: Readonly<Record<State, readonly State[]>> = {
  QUEUED: ['PREPARING', 'FAILED', 'CANCELLED'],
  PREPARING: ['RUNNING', 'FINALIZING', 'FAILED', 'CANCELLED'],
  RUNNING: ['FINALIZING', 'FAILED'],
  FINALIZING: ['FINISHED', 'FAILED', 'CANCELLED'],
  FINISHED: [],
  FAILED: [],
  CANCELLED: [],
};

/** An experiment can't go from one state to the other. */
export class TransitionError extends Error {
  readonly from: State;
  readonly to: State;
  constructor(id: string, from: State, to: State) {
    const allowed = successors[from].length === 0 ? 'none, it has ended' : successors[from].join(', ');
    super(`experiment ${id} can't go from ${from} to ${to}; allowed: ${allowed}`);
    this.name = 'TransitionError';
    this.from = from;
    this.to = to;
  }
}

export function isFinal(state: State): state is FinalState {
  return successors[state].length === 0;
}

/** Checks a transition. @returns the new state. @throws TransitionError */
export function transition(id: string, from: State, to: State): State {
  if (!successors[from].includes(to)) throw new TransitionError(id, from, to);
  return to;
}

/** Reads a state from the store; what another program wrote there (`IN_PROGRESS`) counts as RUNNING. */
export function parseState(text: string): State {
  return (states as readonly string[]).includes(text) ? (text as State) : 'RUNNING';
}
