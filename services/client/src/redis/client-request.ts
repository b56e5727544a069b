import type { ClientConfig } from '@galileo/wire';
import type { RequestSpec } from '../requests/request-spec.ts';
import { CallError } from './calls.ts';
import { requestOf } from './request-parameters.ts';

/** What clients of this configuration send. @throws (rejects with) CallError or RequestError if they can't be had. */
export async function clientRequest({ client, parameters }: ClientConfig): Promise<RequestSpec> {
  if (client !== null) {
    throw new CallError(
      'ValueError',
      `client: found the app ${JSON.stringify(client)}; allowed: null, since apps can not be run`,
    );
  }
  return { kind: 'constant', request: requestOf(parameters ?? {}) };
}
