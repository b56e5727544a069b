import { ConfigError, ConnectionError } from '@galileo/service';
import { ClientError, Status } from 'nice-grpc';

/** Did the call not reach a server, so that nothing has come of it? */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ClientError && error.code === Status.UNAVAILABLE;
}

/** Where a call went. */
export interface Callee {
  readonly service: 'orchestrator' | 'recorder';
  /** Its HOST:PORT. */
  readonly address: string;
  /** Log of this machine's standalone; undefined for any other service. */
  readonly logFile: string | undefined;
}

/** What helps where no service answers. */
const remedies: Readonly<Record<Callee['service'], string>> = {
  orchestrator:
    'start one there (galileo-orchestrator, or galileo-standalone for one machine), ' +
    'or leave out --orchestrator and galileo_orchestrator to use this machine',
  recorder:
    'start one there (galileo-recorder), say where one is (--recorder, galileo_recorder), ' +
    'or use the standalone of this machine (--local)',
};

function unreachable(error: ClientError, { service, address, logFile }: Callee): string {
  if (logFile !== undefined) return `the standalone of this machine has ended unexpectedly; its log: ${logFile}`;
  if (!(error instanceof ConnectionError)) {
    // A recorder itself says so while its Redis is away.
    return `the ${service} at ${address} is ${service === 'recorder' ? 'not available' : 'gone'}: ${error.details}`;
  }
  // What can be helped by a variable is told with it.
  if (/galileo_/.test(error.details)) return `the ${service} can't be called: ${error.details}`;
  return `no ${service} answers: ${error.details}; ${remedies[service]}`;
}

function explainStatus(error: ClientError, callee: Callee): string {
  const { code, details, path } = error;
  const { address, service } = callee;
  if (code === Status.UNAVAILABLE) return unreachable(error, callee);
  if (code === Status.UNAUTHENTICATED) return `the ${service} refuses the call: ${details}`;
  if (code === Status.UNIMPLEMENTED) return `what answers at ${address} is no ${service} of Galileo: ${details}`;
  return details === '' ? `${address} answered ${Status[code]} to ${path}` : details;
}

/** An error in one line (or a few) for a person. `callee` is known once a session is open. */
export function explain(error: unknown, callee?: Callee): string {
  const unknown = { service: 'orchestrator', address: 'the orchestrator', logFile: undefined } as const;
  if (error instanceof ClientError) return explainStatus(error, callee ?? unknown);
  if (error instanceof ConfigError) return error.problems.join('\n');
  return error instanceof Error ? error.message : String(error);
}
