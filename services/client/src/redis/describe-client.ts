import type { ClientDescription } from '@galileo/wire';
import type { LoadClient } from '../load-generator.ts';
import { type RequestSpec, typicalOf } from '../requests/request-spec.ts';

/**
 * What Redis tells of a client that was made over gRPC. A controller needs it to count and to name clients; header fields, body
 * and query are left out, since they may hold secrets.
 */
export function describeClient({ id, service }: LoadClient, spec: RequestSpec, worker: string): ClientDescription {
  const request = typicalOf(spec);
  const parameters =
    request === undefined ? null : { method: request.method.toLowerCase(), path: request.path.split('?', 1)[0]! };
  return { clientId: id, worker, config: { service, client: null, parameters, workerLabels: null } };
}
