import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExperimentStore, Experiment as StoredExperiment } from '@galileo/expdb';
import { createRedaction } from '@galileo/experiment';
import type { Clock, Logger } from '@galileo/service';
import { experimentId } from '@galileo/wire';
import { superviseAttachment } from './attachment.ts';
import { StopError } from './ending.ts';
import { isFinal, parseState } from './experiment-state.ts';
import { createLiveExperiment, type LiveExperiment, type Row, type Update } from './live-experiment.ts';
import { createQueue } from './queue.ts';
import { checkSubmission, type SubmissionRequest } from './submission.ts';
import { initialSummary } from './summary.ts';

/** The experiments of one store: submitted, queued, carried out one at a time, looked up. */
export interface Experiments extends AsyncDisposable {
  /** Checks and queues an experiment. @returns its id. @throws SubmissionError, ClosingError */
  submit(request: SubmissionRequest): Promise<string>;
  /** Updates until the experiment has ended. @throws UnknownExperimentError */
  watch(id: string, signal: AbortSignal): AsyncIterable<Update & { readonly queuePosition: number }>;
  /** Takes an experiment out of the queue, or asks for its end. @throws UnknownExperimentError, HasEndedError */
  cancel(id: string): Promise<void>;
  /** Removes an experiment that has ended, with its rows and logs. @throws UnknownExperimentError, NotEndedError */
  remove(id: string): Promise<void>;
  /** The one whose id is, or begins with, the text; or the newest for `latest`. @throws UnknownExperimentError, AmbiguousError */
  find(text: string): Promise<StoredExperiment>;
  /** Is there nothing under way, nothing queued and nobody watching? */
  idle(): boolean;
}

export interface ExperimentsOptions {
  readonly store: Pick<ExperimentStore, 'experiments'>;
  readonly logDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** A whole number from 0 to 65535. */
  readonly random: () => number;
  /** Version of this program, kept with each experiment. */
  readonly version: string;
  /** Carries an experiment out; never throws. */
  conduct(live: LiveExperiment): Promise<void>;
}

export class UnknownExperimentError extends Error {
  constructor(text: string) {
    super(
      text === 'latest'
        ? 'there is no experiment yet'
        : `no experiment has the id ${JSON.stringify(text)}, or one that begins so`,
    );
    this.name = 'UnknownExperimentError';
  }
}

export class AmbiguousError extends Error {
  constructor(text: string, found: readonly string[]) {
    super(`several experiments have an id that begins with ${JSON.stringify(text)}: ${found.join(', ')}`);
    this.name = 'AmbiguousError';
  }
}

export class HasEndedError extends Error {
  constructor(id: string, state: string) {
    super(`experiment ${id} has ended already: ${state}`);
    this.name = 'HasEndedError';
  }
}

export class NotEndedError extends Error {
  constructor(id: string, state: string) {
    super(`experiment ${id} has not ended: it is ${state}`);
    this.name = 'NotEndedError';
  }
}

export class ClosingError extends Error {
  constructor() {
    super('the orchestrator is being stopped');
    this.name = 'ClosingError';
  }
}

/** Seconds between two updates when nothing changes. */
const updateInterval = 0.5;

export function createExperiments(options: ExperimentsOptions): Experiments {
  const { store, clock, log, random } = options;
  const live = new Map<string, LiveExperiment>();
  let watchers = 0;
  let closing = false;

  const queue = createQueue({
    onError: (id, error) => log.error({ experiment: id, err: error }, 'experiment broke off'),
    onChange: () => {
      for (const experiment of live.values()) experiment.touch();
    },
  });

  async function run(experiment: LiveExperiment): Promise<void> {
    log.info({ experiment: experiment.id }, 'experiment begins');
    try {
      await options.conduct(experiment);
    } finally {
      live.delete(experiment.id);
      const { status, reason } = experiment.row();
      log.info({ experiment: experiment.id, status, reason }, 'experiment has ended');
    }
  }

  async function find(text: string): Promise<StoredExperiment> {
    const found = text === '' ? [] : await store.experiments.find(text);
    if (found.length === 0) throw new UnknownExperimentError(text);
    if (found.length > 1)
      throw new AmbiguousError(
        text,
        found.map(experiment => experiment.id),
      );
    return found[0]!;
  }

  async function unusedId(now: number): Promise<string> {
    for (;;) {
      const id = experimentId(now, random());
      if ((await store.experiments.get(id)) === undefined) return id;
    }
  }

  async function submit(request: SubmissionRequest): Promise<string> {
    if (closing) throw new ClosingError();
    const submission = await checkSubmission(request);
    const created = clock.now();
    const id = await unusedId(created);
    const { file, fileName, creator, spec } = submission;
    const name = createRedaction(submission.environment)(spec.name);
    const row: Row = { id, name, creator, created, start: null, end: null, status: 'QUEUED', reason: null };
    const summary = initialSummary(submission);
    await store.experiments.insert(
      { ...row, file, fileName, summary: JSON.stringify(summary) },
      { file_name: fileName, seed: spec.seed, version: options.version },
    );
    const experiment = createLiveExperiment({
      row,
      submission,
      summary,
      store: patch => store.experiments.update(id, patch),
      onStoreError: error => log.error({ experiment: id, err: error }, 'the final state could not be stored'),
    });
    live.set(id, experiment);
    attachments.begin(experiment);
    experiment.phase('waiting for its turn');
    log.info({ experiment: id, name, creator }, 'experiment submitted');
    queue.add(id, () => run(experiment));
    return id;
  }

  /** Ends an experiment: at once if it still waits for its turn. */
  async function end(experiment: LiveExperiment, error: StopError): Promise<void> {
    if (!queue.remove(experiment.id)) {
      experiment.stop(error);
      return;
    }
    await experiment.finish({ state: error.state, reason: error.message }, clock.now());
    live.delete(experiment.id);
    log.info({ experiment: experiment.id, status: error.state, reason: error.message }, 'experiment has ended in the queue');
  }

  const attachments = superviseAttachment(end);

  async function* watch(text: string, signal: AbortSignal): AsyncIterable<Update & { queuePosition: number }> {
    const stored = await find(text);
    const experiment = live.get(stored.id);
    if (experiment === undefined) {
      yield { ...endedUpdate(await find(stored.id)), queuePosition: 0 };
      return;
    }
    watchers += 1;
    using _attachment = attachments.watch(experiment);
    try {
      for await (const update of experiment.watch(updateInterval, signal)) {
        yield { ...update, queuePosition: queue.position(stored.id) ?? 0 };
      }
    } finally {
      watchers -= 1;
    }
  }

  return {
    submit,
    watch,
    find,
    async cancel(text) {
      const stored = await find(text);
      const experiment = live.get(stored.id);
      if (experiment === undefined) throw new HasEndedError(stored.id, stored.status);
      await end(experiment, new StopError('CANCELLED', 'on request'));
    },
    async remove(text) {
      const { id, status } = await find(text);
      if (live.has(id) || !isFinal(parseState(status))) throw new NotEndedError(id, status);
      await store.experiments.remove(id);
      await rm(join(options.logDirectory, id), { recursive: true, force: true });
      log.info({ experiment: id }, 'experiment removed');
    },
    idle: () => watchers === 0 && live.size === 0,
    async [Symbol.asyncDispose]() {
      closing = true;
      const stopped = new StopError('FAILED', 'the orchestrator was stopped');
      await Promise.all([...live.values()].map(experiment => end(experiment, stopped)));
      await queue[Symbol.asyncDispose]();
    },
  };
}

/** What is told of an experiment that has ended. */
function endedUpdate(stored: StoredExperiment): Update {
  return { row: rowOf(stored), phase: '', loadEnd: undefined, load: undefined, notices: [] };
}

export function rowOf(stored: StoredExperiment): Row {
  const { id, name, creator, created, start, end, status, reason } = stored;
  return { id, name, creator, created, start, end, status: parseState(status), reason };
}
