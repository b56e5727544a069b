import { ExperimentStatus, WatchExperimentResponse } from '@galileo/proto/orchestrator';
import { expect, test } from 'vitest';
import { createRecordingTerminal } from '../test/recording-terminal.ts';
import { createProgress } from './progress.ts';

const preparing = (phase: string, notices: string[] = []) =>
  WatchExperimentResponse.fromPartial({ experiment: { status: ExperimentStatus.PREPARING }, phase, notices });
const running = (remaining: number) =>
  WatchExperimentResponse.fromPartial({ experiment: { status: ExperimentStatus.RUNNING }, remaining, load: { completed: 1 } });

test('on a terminal one line is drawn over, notices stay above it, and nothing of it is left in the end', () => {
  const terminal = createRecordingTerminal(true);
  const progress = createProgress(terminal, false);
  progress.before('starting');
  progress.begin('small', 'id-1');
  progress.update(preparing('one'));
  progress.update(preparing('two', ['pi-0 has died']));
  progress.end();
  const clear = '\r\u001b[K';
  expect(terminal.stderr).toBe(
    `starting${clear}small runs as experiment id-1\nstarting${clear}preparing  one${clear}! pi-0 has died\npreparing  one${clear}preparing  two${clear}`,
  );
});

test('elsewhere a line is written per phase, and every five seconds while load is generated', () => {
  const terminal = createRecordingTerminal();
  let now = 0;
  const progress = createProgress(terminal, false, () => now);
  for (const phase of ['one', 'one', 'two']) progress.update(preparing(phase));
  for (now = 10; now < 21; now += 1) progress.update(running(30 - now));
  progress.end();
  const begins = terminal.stderr
    .trimEnd()
    .split('\n')
    .map(line => /^\w+ {2}[\w.]+/.exec(line)?.[0]);
  expect(begins).toEqual(['preparing  one', 'preparing  two', 'running  20.0', 'running  15.0', 'running  10.0']);
});

test('for a program that reads the JSON object only notices are written', () => {
  const terminal = createRecordingTerminal();
  const progress = createProgress(terminal, true);
  progress.update(preparing('one', ['pi-0 has died']));
  progress.update(running(3));
  expect(terminal.stderr).toBe('! pi-0 has died\n');
});
