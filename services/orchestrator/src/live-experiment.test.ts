import { expect, test } from 'vitest';
import { StopError } from './ending.ts';
import { TransitionError } from './experiment-state.ts';
import { createLiveExperiment, type LiveOptions, type Row, type Update } from './live-experiment.ts';
import type { Submission } from './submission.ts';
import type { Summary } from './summary.ts';

const row: Row = { id: 'e', name: 'n', creator: 'c', created: 1, start: null, end: null, status: 'QUEUED', reason: null };
const summary = { services: [], processes: [], thresholds: [], notes: [] } as unknown as Summary;
const submission = { environment: { SECRET: 'hunter2' } } as unknown as Submission;

function live(store: LiveOptions['store'] = async () => {}) {
  const errors: unknown[] = [];
  const experiment = createLiveExperiment({ row, summary, submission, store, onStoreError: error => errors.push(error) });
  return { experiment, errors };
}

/** Watches to the end and collects what is told. */
async function watchAll(experiment: ReturnType<typeof live>['experiment']): Promise<Update[]> {
  const updates: Update[] = [];
  for await (const update of experiment.watch(100, new AbortController().signal)) updates.push(update);
  return updates;
}

test('each transition is stored before it is told', async () => {
  const stored: string[] = [];
  const { experiment } = live(async patch => {
    expect(experiment.row().status).not.toBe(patch.status);
    stored.push(patch.status);
  });
  await experiment.advance('PREPARING');
  await experiment.advance('RUNNING', 'generating load', { start: 5, loadEnd: 15 });
  expect(experiment.row().start).toBe(5);
  await experiment.advance('FINALIZING');
  await experiment.finish({ state: 'FINISHED', reason: null }, 20);
  expect(experiment.row()).toEqual({ ...row, status: 'FINISHED', start: 5, end: 20 });
  expect(stored).toEqual(['PREPARING', 'RUNNING', 'FINALIZING', 'FINISHED']);
  await expect(experiment.advance('RUNNING')).rejects.toThrow(TransitionError);
});

test('a watcher is told at once, of each change, of each notice once, and of the end last', async () => {
  const { experiment } = live();
  const early = watchAll(experiment);
  experiment.notice('one');
  await experiment.advance('PREPARING');
  const late = watchAll(experiment);
  await new Promise(setImmediate);
  experiment.notice('two');
  experiment.phase('working');
  await experiment.finish({ state: 'FAILED', reason: 'no' }, 9);
  for (const updates of [await early, await late]) {
    expect(updates.flatMap(update => update.notices)).toEqual(['one', 'two']);
    expect(updates.at(-1)!.row).toEqual({ ...row, status: 'FAILED', end: 9, reason: 'no' });
    expect(updates.slice(0, -1).map(update => update.row.status)).not.toContain('FAILED');
  }
  expect((await watchAll(experiment)).map(update => update.row.status)).toEqual(['FAILED']);
});

test('a watcher whose signal aborts is let go', async () => {
  const { experiment } = live();
  const abort = new AbortController();
  const watching = (async () => {
    for await (const _ of experiment.watch(100, abort.signal)) abort.abort(new Error('gone'));
  })();
  await expect(watching).rejects.toThrow('gone');
});

test('without a change something is told after the interval', async () => {
  const { experiment } = live();
  let count = 0;
  for await (const _ of experiment.watch(0.001, new AbortController().signal)) {
    count += 1;
    if (count === 3) break;
  }
  expect(count).toBe(3);
});

test('secrets stand neither in reasons nor in notices', async () => {
  const { experiment } = live();
  experiment.notice('it said hunter2');
  await experiment.finish({ state: 'FAILED', reason: 'printed hunter2' }, 9);
  const [update] = await watchAll(experiment);
  expect(update!.notices).toEqual(['it said [SECRET]']);
  expect(update!.row.reason).toBe('printed [SECRET]');
});

test('an end that can not be stored is told all the same', async () => {
  const { experiment, errors } = live(() => Promise.reject(new Error('disk full')));
  await experiment.finish({ state: 'FAILED', reason: 'no' }, 9);
  expect(experiment.row().status).toBe('FAILED');
  expect(errors).toEqual([new Error('disk full')]);
});

test('the first to ask for the end is heard', () => {
  const { experiment } = live();
  experiment.stop(new StopError('CANCELLED', 'on request'));
  experiment.stop(new StopError('FAILED', 'later'));
  expect(experiment.signal.reason).toEqual(new StopError('CANCELLED', 'on request'));
});
