import { expect, test } from 'vitest';
import { isFinal, parseState, type State, states, TransitionError, transition } from './experiment-state.ts';

const allowed: Readonly<Record<State, string>> = {
  QUEUED: 'PREPARING FAILED CANCELLED',
  PREPARING: 'RUNNING FINALIZING FAILED CANCELLED',
  RUNNING: 'FINALIZING FAILED',
  FINALIZING: 'FINISHED FAILED CANCELLED',
  FINISHED: '',
  FAILED: '',
  CANCELLED: '',
};

test.for(states.flatMap(from => states.map(to => ({ from, to }))))('$from -> $to', ({ from, to }) => {
  if (allowed[from].split(' ').includes(to)) expect(transition('x', from, to)).toBe(to);
  else expect(() => transition('x', from, to)).toThrow(TransitionError);
});

test('a refused transition names the experiment, both states and what is allowed', () => {
  expect(() => transition('202601020304-ab12', 'RUNNING', 'QUEUED')).toThrow(
    "experiment 202601020304-ab12 can't go from RUNNING to QUEUED; allowed: FINALIZING, FAILED",
  );
  expect(() => transition('x', 'FAILED', 'QUEUED')).toThrow("x can't go from FAILED to QUEUED; allowed: none, it has ended");
});

test('the last three are final', () => {
  expect(states.filter(isFinal)).toEqual(['FINISHED', 'FAILED', 'CANCELLED']);
});

test('a state of another program counts as running', () => {
  expect(parseState('IN_PROGRESS')).toBe('RUNNING');
  expect(parseState('FAILED')).toBe('FAILED');
});
