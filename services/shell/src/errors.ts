import { ConfigError } from '@galileo/service';
import { ClientError, Status } from 'nice-grpc';

/** Did the call not reach a server, so that nothing has come of it? */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ClientError && error.code === Status.UNAVAILABLE;
}

/** Where a call went. */
export interface Callee {
  /** HOST:PORT of the orchestrator. */
  readonly address: string;
  /** Log of this machine's standalone; undefined for any other orchestrator. */
  readonly logFile: string | undefined;
}

function unreachable({ address, logFile }: Callee, details: string): string {
  if (logFile !== undefined) return `the standalone of this machine has ended unexpectedly; its log: ${logFile}`;
  if (!/No connection established|Name resolution failed/.test(details))
    return `the orchestrator at ${address} is gone: ${details}`;
  const why = /ECONNREFUSED/.test(details) ? 'connection refused' : details;
  return (
    `no orchestrator answers at ${address} (${why}); start one there (galileo-orchestrator, or galileo-standalone for one machine), ` +
    'or leave out --orchestrator and galileo_orchestrator to use this machine'
  );
}

function explainStatus({ code, details, path }: ClientError, callee: Callee): string {
  const { address } = callee;
  if (code === Status.UNAVAILABLE) return unreachable(callee, details);
  if (code === Status.UNAUTHENTICATED) return `the orchestrator at ${address} refuses the call: ${details}; set galileo_token`;
  if (code === Status.UNIMPLEMENTED) return `what answers at ${address} is no orchestrator of Galileo: ${details}`;
  return details === '' ? `${address} answered ${Status[code]} to ${path}` : details;
}

/** An error in one line (or a few) for a person. `callee` is known once a session is open. */
export function explain(error: unknown, callee?: Callee): string {
  if (error instanceof ClientError) return explainStatus(error, callee ?? { address: 'the orchestrator', logFile: undefined });
  if (error instanceof ConfigError) return error.problems.join('\n');
  return error instanceof Error ? error.message : String(error);
}
