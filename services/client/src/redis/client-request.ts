import type { ClientConfig } from '@galileo/wire';
import type { OutgoingRequest } from '../sender.ts';
import { CallError } from './calls.ts';
import { requestOf } from './request-parameters.ts';

/** What clients of this configuration send. @throws CallError or RequestError if they can't be had. */
export function clientRequest({ client, parameters }: ClientConfig): OutgoingRequest {
  if (client !== null) {
    throw new CallError(
      'ValueError',
      `client: found the app ${JSON.stringify(client)}; allowed: null, since apps can not be run`,
    );
  }
  return requestOf(parameters ?? {});
}
