import { type ClientConfig, plainJson } from '@galileo/wire';
import { AppError, type AppProblem } from '../apps/app-error.ts';
import type { AppRequests } from '../apps/app-requests.ts';
import type { RequestSpec } from '../requests/request-spec.ts';
import { CallError } from './calls.ts';
import { requestOf } from './request-parameters.ts';

/** The Python exceptions that tell a controller why there is no app. */
const exceptions: Readonly<Record<AppProblem, string>> = {
  unknown: 'LookupError',
  broken: 'ValueError',
  unreachable: 'ConnectionError',
};

/**
 * What so many clients of this configuration send. The original's answer is a success also where there is no app, and its
 * clients then never work; ours is an error.
 * @throws (rejects with) CallError or RequestError if they can't be had.
 */
export async function clientRequest(
  { client, parameters }: ClientConfig,
  count: number,
  appRequests: AppRequests,
): Promise<RequestSpec> {
  if (client === null) return { kind: 'constant', request: requestOf(parameters ?? {}) };
  const given = plainJson(parameters ?? {}) as Record<string, unknown>;
  try {
    // A controller waits for three seconds only.
    return await appRequests({ name: client, parameters: given, count, rehearsed: false });
  } catch (error) {
    if (error instanceof AppError) throw new CallError(exceptions[error.problem], error.message);
    throw error;
  }
}
