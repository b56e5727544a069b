import type { HttpRequestSpec, WorkloadSpec } from '@galileo/experiment';
import { Connections, type CreateClientsRequest, type HttpRequest, RowOrder } from '@galileo/proto/client';
import { clientSeed } from '@galileo/workload';

/** Clients of a workload that one worker creates. Numbers count clients over all workloads, in the file's order. */
export interface ClientGroup {
  /** Number of the workload's first client on any worker. */
  readonly begin: number;
  /** Clients of the workload on all workers. */
  readonly total: number;
  /** Numbers of the clients that are created, evenly spaced. */
  readonly indices: readonly number[];
}

function protoRows(rows: HttpRequestSpec['rows']): HttpRequest['rows'] {
  if (rows === undefined) return undefined;
  const order = rows.order === 'random' ? RowOrder.RANDOM : RowOrder.SEQUENTIAL;
  return { columns: [...rows.columns], rows: rows.rows.map(cells => ({ cells: [...cells] })), order };
}

/**
 * Seed of what clients of a workload draw for their requests. The seeds of the schedules are made from the experiment's seed
 * and the client's number too: these are others.
 */
function requestSeed(seed: number, { begin, total }: ClientGroup): number {
  return clientSeed(clientSeed(seed, begin), total);
}

function httpRequest(request: HttpRequestSpec, group: ClientGroup, seed: number): HttpRequest {
  const { begin, total, indices } = group;
  const { method, path, headers, body, timeout, connectTimeout, firstByteTimeout, templated, options } = request;
  const [first = begin, second = first + 1] = indices;
  return {
    method,
    path,
    headers: { ...headers },
    body: typeof body === 'object' ? Buffer.from(body) : Buffer.from(body ?? ''),
    timeout,
    connectTimeout: connectTimeout ?? 0,
    firstByteTimeout: firstByteTimeout ?? 0,
    connections: request.connections === 'per-request' ? Connections.PER_REQUEST : Connections.REUSE,
    templated,
    rows: protoRows(request.rows),
    options,
    seed: templated ? requestSeed(seed, group) : undefined,
    numbers: templated ? { first: first - begin, step: second - first, total } : undefined,
  };
}

/** What clients of a workload send, as load clients are told. `seed`: that of the experiment. */
export function protoRequest(
  { request, app }: Pick<WorkloadSpec, 'request' | 'app'>,
  group: ClientGroup,
  seed: number,
): Partial<Pick<CreateClientsRequest, 'request' | 'app' | 'grpc'>> {
  if (app !== undefined) {
    const own = requestSeed(seed, group);
    const seeds = group.indices.map(index => clientSeed(own, index - group.begin));
    return { app: { name: app.name, parametersJson: JSON.stringify(app.parameters), seeds } };
  }
  if (!('protocol' in request!)) return { request: httpRequest(request!, group, seed) };
  const { method, message: messageJson, metadata, timeout, proto } = request;
  return { grpc: { method, messageJson, metadata, timeout, proto } };
}
