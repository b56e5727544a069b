import type { GrpcRequestSpec, HttpRequestSpec } from '@galileo/experiment';
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

function httpRequest(request: HttpRequestSpec, { begin, total, indices }: ClientGroup, seed: number): HttpRequest {
  const { method, path, headers, body, timeout, connectTimeout, firstByteTimeout, templated } = request;
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
    // The seeds of the schedules are made from the experiment's seed and the client's number too: these are others.
    seed: templated ? clientSeed(clientSeed(seed, begin), total) : undefined,
    numbers: templated ? { first: first - begin, step: second - first, total } : undefined,
  };
}

/** What clients send, as load clients are told. `seed`: that of the experiment. */
export function protoRequest(
  request: HttpRequestSpec | GrpcRequestSpec,
  group: ClientGroup,
  seed: number,
): Partial<Pick<CreateClientsRequest, 'request' | 'grpc'>> {
  if (!('protocol' in request)) return { request: httpRequest(request, group, seed) };
  const { method, message: messageJson, metadata, timeout, proto } = request;
  return { grpc: { method, messageJson, metadata, timeout, proto } };
}
