import type { ExperimentStore, Experiment as StoredExperiment } from '@galileo/expdb';
import { createRedaction } from '@galileo/experiment';
import {
  type Experiment,
  OrchestratorDefinition,
  type OrchestratorServiceImplementation,
  type Report,
} from '@galileo/proto/orchestrator';
import {
  type BoundService,
  bind,
  type Clock,
  failedPrecondition,
  formatPageToken,
  invalidArgument,
  notFound,
  parsePageToken,
  unavailable,
} from '@galileo/service';
import { isFinal, parseState } from './experiment-state.ts';
import {
  AmbiguousError,
  ClosingError,
  type Experiments,
  HasEndedError,
  NotEndedError,
  rowOf,
  UnknownExperimentError,
} from './experiments.ts';
import { experimentMessage } from './messages.ts';
import { SubmissionError } from './submission.ts';
import { parseSummary } from './summary.ts';

export interface RpcOptions {
  readonly experiments: Experiments;
  readonly store: Pick<ExperimentStore, 'experiments'>;
  readonly clock: Clock;
  report(stored: StoredExperiment, experiment: Experiment): Promise<Report>;
}

const largestPage = 1000;

/** The status with which an error of the domain is answered; other errors go on as they are. */
function translate(error: unknown): unknown {
  if (error instanceof SubmissionError) return invalidArgument(error.message);
  if (error instanceof UnknownExperimentError) return notFound(error.message);
  if (error instanceof AmbiguousError) return failedPrecondition(error.message);
  if (error instanceof HasEndedError || error instanceof NotEndedError) return failedPrecondition(error.message);
  if (error instanceof ClosingError) return unavailable(error.message);
  return error;
}

async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}

/** Handlers of the service Orchestrator. */
export function orchestratorService(options: RpcOptions): BoundService {
  const { experiments, store, clock } = options;
  const handlers: OrchestratorServiceImplementation = {
    async submitExperiment(request) {
      const { file, fileName, directory, environment, creator, attached, files } = request;
      const recordings = Object.fromEntries(Object.entries(request.recordings).map(([name, { numbers }]) => [name, numbers]));
      const redact = createRedaction(environment);
      try {
        const submission = { file, fileName, directory, environment, creator: creator || 'unknown', attached, recordings, files };
        return { experimentId: await experiments.submit(submission) };
      } catch (error) {
        if (error instanceof SubmissionError) throw invalidArgument(redact(error.message));
        throw translate(error);
      }
    },

    async *watchExperiment({ experimentId }, context) {
      try {
        for await (const update of experiments.watch(experimentId, context.signal)) {
          const { row, phase, load, notices, loadEnd, queuePosition } = update;
          const remaining = loadEnd === undefined ? 0 : Math.max(0, loadEnd - clock.now());
          yield { experiment: experimentMessage(row), phase, remaining, load, notices: [...notices], queuePosition };
        }
      } catch (error) {
        throw translate(error);
      }
    },

    cancelExperiment: ({ experimentId }) =>
      answered(async () => {
        await experiments.cancel(experimentId);
        return {};
      }),

    getExperiment: ({ experimentId }) =>
      answered(async () => {
        const stored = await experiments.find(experimentId);
        const { scheduleHash = '' } = parseSummary(stored.summary) ?? {};
        return { experiment: experimentMessage(rowOf(stored)), file: stored.file ?? '', scheduleHash };
      }),

    async listExperiments({ pageSize, pageToken }) {
      const limit = pageSize === 0 ? 100 : Math.min(pageSize, largestPage);
      const before = pageToken === '' ? undefined : parsePageToken(pageToken);
      if (pageToken !== '' && before === undefined) {
        throw invalidArgument(`page_token: found ${JSON.stringify(pageToken)}; allowed: next_page_token of the page before`);
      }
      // One more than asked for tells whether there is a next page.
      const found = await store.experiments.list({ limit: limit + 1, ...(before === undefined ? {} : { before }) });
      const page = found.slice(0, limit);
      const nextPageToken = found.length > limit ? formatPageToken(page.at(-1)!) : '';
      return { experiments: page.map(stored => experimentMessage(rowOf(stored))), nextPageToken };
    },

    deleteExperiment: ({ experimentId }) =>
      answered(async () => {
        await experiments.remove(experimentId);
        return {};
      }),

    getReport: ({ experimentId }) =>
      answered(async () => {
        const stored = await experiments.find(experimentId);
        if (!isFinal(parseState(stored.status))) throw new NotEndedError(stored.id, stored.status);
        return { report: await options.report(stored, experimentMessage(rowOf(stored))) };
      }),
  };
  return bind(OrchestratorDefinition, handlers);
}
