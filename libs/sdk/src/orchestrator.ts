import { type Experiment, ExperimentStatus, type OrchestratorClient, OrchestratorDefinition } from '@galileo/proto/orchestrator';
import { type Connection, type Credentials, connect } from '@galileo/service';

/** A typed client of an orchestrator; disposing it closes the connection. */
export type OrchestratorConnection = Connection<typeof OrchestratorDefinition>;

export interface OrchestratorOptions {
  /** HOST:PORT of its gRPC server. */
  readonly address: string;
  /** What the calls identify themselves with. */
  readonly credentials?: Credentials;
  /** Time-out of calls that are not streams, seconds; 60 unless told, for the report of a long experiment takes its time. */
  readonly timeout?: number;
}

/** Connects to an orchestrator. Nothing is sent before the first call, so that nothing fails before it either. */
export function connectOrchestrator(options: OrchestratorOptions): OrchestratorConnection {
  const { credentials = {}, timeout = 60 } = options;
  return connect(OrchestratorDefinition, options.address, { credentials, timeout });
}

/** Name of a status as the store and the JSON output spell it: `RUNNING`. */
export function statusName(status: ExperimentStatus): string {
  return Object.entries(ExperimentStatus).find(([, value]) => value === status)?.[0] ?? 'UNSPECIFIED';
}

/** Has an experiment with this status ended? Then the status doesn't change any more. */
export function hasEnded(status: ExperimentStatus): boolean {
  return status === ExperimentStatus.FINISHED || status === ExperimentStatus.FAILED || status === ExperimentStatus.CANCELLED;
}

/** All experiments of an orchestrator, newest first, page by page. @throws ClientError as the call does. */
export async function* listExperiments(
  client: Pick<OrchestratorClient, 'listExperiments'>,
  options: { pageSize?: number; signal?: AbortSignal | undefined } = {},
): AsyncIterable<Experiment> {
  let pageToken = '';
  do {
    const call = options.signal === undefined ? {} : { signal: options.signal };
    const page = await client.listExperiments({ pageSize: options.pageSize ?? 100, pageToken }, call);
    yield* page.experiments;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}
