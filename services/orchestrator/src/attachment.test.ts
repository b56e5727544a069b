import { until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { superviseAttachment } from './attachment.ts';
import type { State } from './experiment-state.ts';
import type { LiveExperiment } from './live-experiment.ts';

function supervised(attached: boolean, wait: number) {
  const ended: string[] = [];
  const state: { status: State } = { status: 'RUNNING' };
  const experiment = { id: 'e', submission: { attached }, row: () => state } as unknown as LiveExperiment;
  const attachments = superviseAttachment(async (_, error) => void ended.push(`${error.state}: ${error.message}`), wait);
  attachments.begin(experiment);
  return { ended, state, watch: () => attachments.watch(experiment) };
}

test('an attached experiment that nobody watches is ended', async () => {
  const { ended } = supervised(true, 0.01);
  await until('it is ended', () => ended.length > 0);
  expect(ended).toEqual(['FAILED: its submitter did not watch it within 0.01 s']);
});

test('an attached experiment is ended when the first that watched it goes', () => {
  const { ended, watch } = supervised(true, 100);
  const submitter = watch();
  const other = watch();
  other[Symbol.dispose]();
  expect(ended).toEqual([]);
  submitter[Symbol.dispose]();
  expect(ended).toEqual(['FAILED: its submitter has gone: the stream that watched it broke off']);
});

test('an experiment that has ended is left alone', () => {
  const { ended, state, watch } = supervised(true, 100);
  const submitter = watch();
  state.status = 'FINISHED';
  submitter[Symbol.dispose]();
  expect(ended).toEqual([]);
});

test('an experiment that is not attached goes on without anybody', async () => {
  const { ended, watch } = supervised(false, 0.01);
  watch()[Symbol.dispose]();
  await new Promise(resolve => setTimeout(resolve, 30));
  expect(ended).toEqual([]);
});
