import {
  type ClientDescription,
  type CreateClientsRequest,
  InFlightPolicy,
  type LoadClientServiceImplementation,
  type SetWorkloadRequest,
} from '@galileo/proto/client';
import { RouteError } from '@galileo/routing';
import { failedPrecondition, invalidArgument, notFound, unavailable } from '@galileo/service';
import { checkSchedule, ScheduleError } from '@galileo/workload';
import { AppError } from './apps/app-error.ts';
import type { AppRequests } from './apps/app-requests.ts';
import type { LoadClient, LoadGenerator } from './load-generator.ts';
import { allowedName, isName } from './names.ts';
import { GrpcCallError, grpcSpec } from './requests/grpc-call.ts';
import { httpRequestSpec } from './requests/http-request-spec.ts';
import { RequestError } from './requests/request-error.ts';
import type { RequestSpec } from './requests/request-spec.ts';
import { arrivalOf } from './rpc/arrival.ts';
import { wantedApp } from './rpc/wanted-app.ts';
import { watchStatistics } from './rpc/watch-statistics.ts';
import type { Plan } from './shards/shard.ts';

export interface RpcOptions {
  readonly worker: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly generator: LoadGenerator;
  readonly appRequests: AppRequests;
  /** Where the routing table comes from. */
  readonly routeSource: 'redis' | 'grpc';
  readonly clients: {
    /** Clients were made. */
    opened(clients: readonly LoadClient[], spec: RequestSpec): void;
    /** Clients were closed. */
    closed(ids: readonly string[]): void;
  };
  /** Aborts when the service stops. */
  readonly stopping: AbortSignal;
}

const mostClients = 10_000;

type ErrorClasses = readonly (new (...args: never[]) => Error)[];

/** Errors of these classes become INVALID_ARGUMENT, others stay as they are. */
function translated(classes: ErrorClasses, error: unknown): unknown {
  return classes.some(type => error instanceof type) ? invalidArgument((error as Error).message) : error;
}

const appRefusals = { unknown: notFound, broken: invalidArgument, unreachable: unavailable };

/** Runs `action`; errors of these classes become INVALID_ARGUMENT. */
function valid<T>(classes: ErrorClasses, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw translated(classes, error);
  }
}

function span(field: string, value: number): number | undefined {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw invalidArgument(`${field}: found ${value}; allowed: a number of seconds of at least 0`);
  }
  return value === 0 ? undefined : value;
}

/** The gRPC face of a load generator. */
export function loadClientRpc(options: RpcOptions): LoadClientServiceImplementation {
  const { worker, labels, generator, stopping } = options;
  const describe = ({ id, service, token }: LoadClient): ClientDescription => ({ clientId: id, worker, service, token });

  function find(id: string): LoadClient {
    const client = generator.client(id);
    if (client === undefined) throw notFound(`client_id: worker ${worker} has no client ${JSON.stringify(id)}`);
    return client;
  }

  /** What the clients are to send. */
  async function specOf({ request, app, grpc, count }: CreateClientsRequest): Promise<RequestSpec> {
    const given = Object.entries({ request, app, grpc }).filter(([, target]) => target !== undefined);
    if (given.length > 1) {
      throw invalidArgument(`${given[1]![0]}: found ${given[0]![0]} beside it; allowed: one of them`);
    }
    try {
      if (app !== undefined) return await options.appRequests(wantedApp(app, count));
      return grpc === undefined ? await httpRequestSpec(request, count) : await grpcSpec(grpc);
    } catch (error) {
      if (error instanceof AppError) throw appRefusals[error.problem](error.message);
      throw translated([RequestError, GrpcCallError], error);
    }
  }

  /** A closed loop, as asked for. */
  function loopOf(request: SetWorkloadRequest): Plan {
    const { concurrency, arrival, maxInFlight } = request;
    if (arrival?.process !== undefined || maxInFlight > 0) {
      const found = arrival?.process === undefined ? 'max_in_flight' : 'an arrival process';
      throw invalidArgument(`concurrency: found ${concurrency} beside ${found}; allowed: a closed loop or a schedule, not both`);
    }
    const duration = span('duration', request.duration);
    const requests = arrival?.requests || undefined;
    return { kind: 'loop', loop: { concurrency, ...(requests && { requests }), ...(duration && { duration }) } };
  }

  /** A schedule, as asked for. */
  function scheduleOf(request: SetWorkloadRequest): Plan {
    const { seed, maxInFlight, inFlightPolicy } = request;
    const duration = span('duration', request.duration);
    const schedule = { arrival: arrivalOf(request.arrival, duration), seed, ...(duration && { duration }) };
    valid([ScheduleError], () => checkSchedule(schedule));
    const policy = inFlightPolicy === InFlightPolicy.DROP ? 'drop' : 'queue';
    return { kind: 'schedule', schedule, ...(maxInFlight > 0 && { limit: { maxInFlight, policy } }) };
  }

  return {
    async ping() {
      return { worker, labels: { ...labels } };
    },

    async createClients(asked) {
      const { service, count } = asked;
      if (!isName(service)) throw invalidArgument(`service: found ${JSON.stringify(service)}; allowed: ${allowedName}`);
      if (count < 1 || count > mostClients) {
        throw invalidArgument(`count: found ${count}; allowed: a whole number from 1 to ${mostClients}`);
      }
      const spec = await specOf(asked);
      await generator.warmUp();
      const clients = await generator.create(service, spec, count);
      options.clients.opened(clients, spec);
      return { clients: clients.map(describe) };
    },

    async closeClients({ clientIds }) {
      const ids = clientIds.length > 0 ? clientIds : Array.from(generator.clients(), client => client.id);
      const closed = generator.close(ids);
      options.clients.closed(closed);
      return { clientIds: closed };
    },

    async listClients({ pageSize, pageToken }) {
      if (!/^\d*$/.test(pageToken)) {
        throw invalidArgument(`page_token: found ${JSON.stringify(pageToken)}; allowed: next_page_token of the page before`);
      }
      const size = Math.min(pageSize || 100, 1000);
      const rest = [...generator.clients()].filter(client => client.n >= Number(pageToken));
      const page = rest.slice(0, size);
      const states = await generator.states(page);
      return {
        clients: page.flatMap((client, index) => {
          const state = states[index];
          if (state === undefined) return [];
          const { completed, failed, busy, scheduleHash = '' } = state;
          const { fault = '' } = client;
          return [{ description: describe(client), requests: completed, failed, busy, fault, scheduleHash }];
        }),
        nextPageToken: rest.length > size ? String(rest[size]!.n) : '',
      };
    },

    async setRoutes({ routes }) {
      if (options.routeSource === 'redis') {
        throw failedPrecondition('the routes of this worker are those in Redis (galileo_bus=redis)');
      }
      valid([RouteError], () => generator.setRoutes(routes));
      return {};
    },

    async getRoutes() {
      const routes = generator
        .routes()
        .map(({ service, hosts, weights }) => ({ service, hosts: [...hosts], weights: [...weights] }));
      return { routes: routes.toSorted((one, other) => (one.service < other.service ? -1 : 1)) };
    },

    async setWorkload(request) {
      const client = find(request.clientId);
      const wanted = {
        own: span('start_at', request.startAt),
        reference: span('start_at_reference', request.startAtReference),
      };
      const started = await generator.start(client, request.concurrency > 0 ? loopOf(request) : scheduleOf(request), wanted);
      if ('refusal' in started) throw failedPrecondition(started.refusal);
      return { startAt: started.at, ...started.estimate };
    },

    async startTracing() {
      generator.trace(true);
      return {};
    },

    async pauseTracing() {
      generator.trace(false);
      return {};
    },

    async stopWorkload({ clientId }) {
      generator.stop(find(clientId));
      return {};
    },

    watchStatistics: (request, context) => watchStatistics(generator, request, [context.signal, stopping]),
  };
}
