import type { ClientDescription } from '@galileo/wire';
import type { EmulatedClient } from '../emulated-client.ts';

/**
 * What Redis tells of a client that was made over gRPC. A controller needs it to count and to name clients; header fields, body
 * and query are left out, since they may hold secrets.
 */
export function describeClient({ id, service, source }: EmulatedClient, worker: string): ClientDescription {
  const request = source.typical;
  const parameters =
    request === undefined ? null : { method: request.method.toLowerCase(), path: request.path.split('?', 1)[0]! };
  return { clientId: id, worker, config: { service, client: null, parameters, workerLabels: null } };
}
