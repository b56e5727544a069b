import { ClientError, Status } from 'nice-grpc';
import type { Credentials } from './credentials.ts';
import { diagnose } from './diagnosis.ts';

/**
 * A call did not come through to its handler, for a reason that lies in the address or in the credentials: a gRPC error (`code`
 * UNAVAILABLE or UNAUTHENTICATED) whose message and `details` are a sentence that names the address, what was found, and
 * where one can help it the variable to set.
 */
export class ConnectionError extends ClientError {
  readonly address: string;
  constructor(address: string, finding: string, cause: ClientError) {
    super(cause.path, cause.code, finding);
    this.name = 'ConnectionError';
    this.message = finding;
    this.address = address;
    this.cause = cause;
  }
}

/** Finds out why calls fail, for one address. */
export interface Explainer {
  /** What is wrong with the address; undefined if nothing is, or if `signal` aborts. */
  find(signal: AbortSignal | undefined): Promise<string | undefined>;
  /** A better error where there is one, or the given one. `answered`: the status of the call is the server's own. */
  explain(error: unknown, answered: boolean, signal: AbortSignal | undefined): Promise<unknown>;
}

/** Milliseconds that a finding holds: whoever tries again and again doesn't look anew each time. */
const holds = 3000;

export function createExplainer(address: string, credentials: Credentials): Explainer {
  let last: { readonly at: number; readonly finding: Promise<string | undefined> } | undefined;

  async function find(signal: AbortSignal | undefined): Promise<string | undefined> {
    const now = performance.now();
    // What comes in the way of finding out is of no interest beside the error that is to be explained.
    if (last === undefined || now - last.at > holds) {
      last = { at: now, finding: diagnose(address, credentials).catch(() => undefined) };
    }
    return await Promise.race([last.finding, ...(signal === undefined ? [] : [aborted(signal)])]);
  }

  return {
    find,
    async explain(error, answered, signal) {
      if (!(error instanceof ClientError)) return error;
      if (error.code === Status.UNAUTHENTICATED) {
        return new ConnectionError(address, `${address} answers UNAUTHENTICATED: ${error.details}`, error);
      }
      if (error.code !== Status.UNAVAILABLE || answered) return error;
      const finding = await find(signal);
      return finding === undefined ? error : new ConnectionError(address, finding, error);
    },
  };
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined;
  return await new Promise(resolve => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
