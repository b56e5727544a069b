import type { RedisConnection } from '@galileo/bus';
import {
  appendedRoute,
  clearRoutes,
  getRoute,
  type Parsed,
  type RedisCommand,
  removeRoute,
  routeServicesKey,
  setRoute,
  type WireRoute,
} from '@galileo/wire';
import { readStoredRoute, routeProblem } from './redis-route.ts';
import { type Route, RouteError } from './routing-table.ts';

/**
 * Galileo's routing table in Redis (the object `rtbl` of its shell), command for command. All reject with a RedisError while
 * Redis can't be reached.
 */
export interface RedisRoutes {
  /** Sets the hosts and weights of a service. @throws RouteError before anything is sent if they don't fit. */
  set(route: Route): Promise<void>;
  /** The route of a service; `undefined` if it has none. @throws RouteError if what Redis holds is no route. */
  get(service: string): Promise<Route | undefined>;
  /** Services that have a route. */
  list(): Promise<string[]>;
  /** Removes the route of a service, which need not have one. */
  remove(service: string): Promise<void>;
  /** Removes all routes. */
  clear(): Promise<void>;
  /** Adds a host to a service, which need not have a route. */
  append(service: string, host: string, weight?: number): Promise<void>;
  /** Sets the weights of a service, in the order of its hosts. @throws RouteError if they don't fit. */
  updateWeights(service: string, weights: readonly number[]): Promise<void>;
}

/** Sends commands as one transaction. @throws the first error of them */
async function execute({ client }: RedisConnection, commands: readonly RedisCommand[]): Promise<unknown[]> {
  const transaction = client.multi(commands.map(([name, ...words]) => [name!.toLowerCase(), ...words]));
  const results = (await transaction.exec()) ?? [];
  for (const [error] of results) if (error !== null) throw error;
  return results.map(([, result]) => result);
}

/**
 * Reads the route of a service.
 * @returns undefined if it has none, a reason if what Redis holds is no route
 */
export async function readRoute(redis: RedisConnection, service: string): Promise<Parsed<Route | undefined>> {
  try {
    const [hosts, weights] = (await execute(redis, getRoute(service))) as [string[], string[]];
    return readStoredRoute(service, hosts, weights);
  } catch (error) {
    if ((error as Error).message.startsWith('WRONGTYPE')) return { ok: false, reason: 'its keys hold no lists' };
    throw error;
  }
}

/** The routing table behind a connection to Redis. */
export function createRedisRoutes(redis: RedisConnection): RedisRoutes {
  const { client } = redis;

  async function write(route: Route, written: WireRoute = route): Promise<void> {
    const problem = routeProblem(route);
    if (problem !== undefined) throw new RouteError(route.service, problem);
    await execute(redis, setRoute(written));
  }

  async function get(service: string): Promise<Route | undefined> {
    const parsed = await readRoute(redis, service);
    if (!parsed.ok) throw new RouteError(service, parsed.reason);
    return parsed.value;
  }

  return {
    get,
    set: route => write(route),
    list: () => client.smembers(routeServicesKey),
    async remove(service) {
      await execute(redis, removeRoute(service));
    },
    async clear() {
      await execute(redis, clearRoutes(await client.smembers(routeServicesKey)));
    },
    async append(service, host, weight = 1) {
      const { hosts, weights } = (await get(service)) ?? { hosts: [], weights: [] };
      const route = { service, hosts: [...hosts, host], weights: [...weights, weight] };
      await write(route, appendedRoute({ service, hosts, weights }, service, host, weight));
    },
    async updateWeights(service, weights) {
      const route = await get(service);
      if (route === undefined) throw new RouteError(service, 'it has no hosts; allowed: a service that has a route');
      await write({ ...route, weights });
    },
  };
}
