import {
  type ClientDescription,
  type CreateClientsRequest,
  InFlightPolicy,
  type LoadClientServiceImplementation,
  type SetWorkloadRequest,
} from '@galileo/proto/client';
import type { Estimate } from '@galileo/reconcile';
import { RouteError } from '@galileo/routing';
import { failedPrecondition, invalidArgument, notFound, unavailable } from '@galileo/service';
import { createSchedule, ScheduleError } from '@galileo/workload';
import { AppError } from './apps/app-error.ts';
import type { AppRequests } from './apps/app-requests.ts';
import { type EmulatedClient, isBusy } from './emulated-client.ts';
import type { Generator } from './generator.ts';
import { allowedName, isName } from './names.ts';
import { GrpcCallError, grpcSpec } from './requests/grpc-call.ts';
import { httpRequestSpec } from './requests/http-request-spec.ts';
import { RequestError } from './requests/request-error.ts';
import type { RequestSpec } from './requests/request-spec.ts';
import { arrivalOf } from './rpc/arrival.ts';
import { wantedApp } from './rpc/wanted-app.ts';
import { watchStatistics } from './rpc/watch-statistics.ts';
import type { Tracing } from './traces/tracing.ts';

export interface RpcOptions {
  readonly worker: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly generator: Generator;
  readonly tracing: Pick<Tracing, 'start' | 'pause'>;
  readonly appRequests: AppRequests;
  /** Where the routing table comes from. */
  readonly routeSource: 'redis' | 'grpc';
  readonly clients: {
    /** Clients were made. */
    opened(clients: readonly EmulatedClient[]): void;
    /** Clients were closed. */
    closed(ids: readonly string[]): void;
  };
  /** Gets the worker ready for its first clients. */
  prepare(): Promise<void>;
  /** Makes ready what requests like these go by. To be awaited before there are clients that send them. */
  load(spec: RequestSpec): Promise<void>;
  /** UNIX seconds. */
  now(): number;
  /** How the own clock relates to the reference's, that of the recorder; undefined while that is not known. */
  clockEstimate(): Pick<Estimate, 'offset' | 'uncertainty'> | undefined;
  /** Aborts when the service stops. */
  readonly stopping: AbortSignal;
}

const mostClients = 10_000;
/** How far T0 may lie in the past, seconds: commands to several clients take their time. */
const latestStart = 1;

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

/**
 * T0 that is asked for, by the own clock, UNIX seconds; undefined for at once. With what was known of the reference's clock,
 * if it is by that.
 */
function ownStart(
  request: SetWorkloadRequest,
  clockEstimate: RpcOptions['clockEstimate'],
): { readonly asked: number | undefined; readonly offset?: number; readonly uncertainty?: number } {
  const asked = span('start_at', request.startAt);
  const byReference = span('start_at_reference', request.startAtReference);
  if (byReference === undefined) return { asked };
  const estimate = clockEstimate();
  if (estimate !== undefined) {
    const { offset, uncertainty } = estimate;
    return { asked: byReference - offset, offset, uncertainty };
  }
  if (asked !== undefined) return { asked };
  throw failedPrecondition(
    `start_at_reference: found ${byReference}, and the offset of this worker's clock to the recorder's is not known; ` +
      'allowed: start_at, the time by its own clock, instead or beside it',
  );
}

/** The gRPC face of a load generator. */
export function loadClientRpc(options: RpcOptions): LoadClientServiceImplementation {
  const { worker, labels, generator, tracing, now, stopping } = options;
  const describe = ({ id, service, token }: EmulatedClient): ClientDescription => ({ clientId: id, worker, service, token });

  function find(id: string): EmulatedClient {
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

  /** T0 of a schedule. */
  function startOf(asked: number | undefined): number {
    const earliest = Math.max(now() - latestStart, generator.earliestStart());
    if (asked === undefined) return Math.max(now(), earliest);
    if (asked >= earliest) return asked;
    throw failedPrecondition(
      `start_at: found ${asked}, which is over; allowed: 0 for at once, or UNIX seconds of at least ${earliest.toFixed(3)}`,
    );
  }

  /** Starts a closed loop. Returns its T0. */
  function startLoop(client: EmulatedClient, request: SetWorkloadRequest, startAt: () => number): number {
    const { concurrency, arrival, maxInFlight } = request;
    if (arrival?.process !== undefined || maxInFlight > 0) {
      const found = arrival?.process === undefined ? 'max_in_flight' : 'an arrival process';
      throw invalidArgument(`concurrency: found ${concurrency} beside ${found}; allowed: a closed loop or a schedule, not both`);
    }
    const duration = span('duration', request.duration);
    const requests = arrival?.requests || undefined;
    const start = startAt();
    generator.startLoop(client, { concurrency, ...(requests && { requests }), ...(duration && { duration }) }, start);
    return start;
  }

  /** Starts a schedule. Returns its T0. */
  function startSchedule(client: EmulatedClient, request: SetWorkloadRequest, startAt: () => number): number {
    const { seed, maxInFlight, inFlightPolicy } = request;
    const duration = span('duration', request.duration);
    const arrival = arrivalOf(request.arrival, duration);
    const policy = inFlightPolicy === InFlightPolicy.DROP ? 'drop' : 'queue';
    const start = startAt();
    const schedule = valid([ScheduleError], () => createSchedule({ arrival, seed, ...(duration && { duration }) }));
    generator.start(client, schedule, start, maxInFlight > 0 ? { limit: { maxInFlight, policy } } : {});
    return start;
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
      await options.load(spec);
      await options.prepare();
      const clients = generator.create(service, spec, count);
      options.clients.opened(clients);
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
      return {
        clients: rest.slice(0, size).map(client => ({
          description: describe(client),
          requests: client.completed,
          failed: client.failed,
          busy: isBusy(client),
          fault: client.fault ?? '',
          scheduleHash: client.schedule?.hash() ?? '',
        })),
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
      if (client.fault !== undefined) throw failedPrecondition(`client_id: ${client.id} sends nothing any more: ${client.fault}`);
      const { asked, ...estimate } = ownStart(request, options.clockEstimate);
      const start = () => startOf(asked);
      const startAt = request.concurrency > 0 ? startLoop(client, request, start) : startSchedule(client, request, start);
      return { startAt, ...estimate };
    },

    async startTracing() {
      tracing.start();
      return {};
    },

    async pauseTracing() {
      tracing.pause();
      return {};
    },

    async stopWorkload({ clientId }) {
      generator.stop(find(clientId));
      return {};
    },

    watchStatistics: (request, context) => watchStatistics(generator, request, [context.signal, stopping]),
  };
}
