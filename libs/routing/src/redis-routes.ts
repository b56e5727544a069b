import type { RedisConnection } from '@galileo/bus';
import { type Parsed, pythonFloat } from '@galileo/wire';
import type { ChainableCommander } from 'ioredis';
import { hostsKey, parseRoute, routeProblem, servicesKey, updatesChannel, weightsKey } from './redis-route.ts';
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

/** Sends a transaction. @throws the first error of its commands */
async function execute(transaction: ChainableCommander): Promise<unknown[]> {
  const results = (await transaction.exec()) ?? [];
  for (const [error] of results) if (error !== null) throw error;
  return results.map(([, result]) => result);
}

/**
 * Reads the route of a service.
 * @returns undefined if it has none, a reason if what Redis holds is no route
 */
export async function readRoute({ client }: RedisConnection, service: string): Promise<Parsed<Route | undefined>> {
  const transaction = client.multi().lrange(hostsKey(service), 0, -1).lrange(weightsKey(service), 0, -1);
  try {
    const [hosts, weights] = (await execute(transaction)) as [string[], string[]];
    if (hosts.length === 0 && weights.length === 0) return { ok: true, value: undefined };
    return parseRoute(service, hosts, weights);
  } catch (error) {
    if ((error as Error).message.startsWith('WRONGTYPE')) return { ok: false, reason: 'its keys hold no lists' };
    throw error;
  }
}

/** The routing table behind a connection to Redis. */
export function createRedisRoutes(redis: RedisConnection): RedisRoutes {
  const { client } = redis;

  async function write(route: Route, weights: readonly string[]): Promise<void> {
    const { service, hosts } = route;
    const problem = routeProblem(route);
    if (problem !== undefined) throw new RouteError(service, problem);
    const transaction = client.multi().del(hostsKey(service)).del(weightsKey(service)).sadd(servicesKey, service);
    transaction.rpush(hostsKey(service), ...hosts).rpush(weightsKey(service), ...weights);
    await execute(transaction.publish(updatesChannel, service));
  }

  async function get(service: string): Promise<Route | undefined> {
    const parsed = await readRoute(redis, service);
    if (!parsed.ok) throw new RouteError(service, parsed.reason);
    return parsed.value;
  }

  return {
    get,
    set: route => write(route, route.weights.map(String)),
    list: () => client.smembers(servicesKey),
    async remove(service) {
      const transaction = client.multi().del(hostsKey(service)).del(weightsKey(service)).srem(servicesKey, service);
      await execute(transaction.publish(updatesChannel, service));
    },
    async clear() {
      const transaction = client.multi();
      for (const service of await client.smembers(servicesKey)) {
        transaction.del(hostsKey(service)).del(weightsKey(service)).publish(updatesChannel, service);
      }
      await execute(transaction.del(servicesKey));
    },
    async append(service, host, weight = 1) {
      const { hosts, weights } = (await get(service)) ?? { hosts: [], weights: [] };
      const route = { service, hosts: [...hosts, host], weights: [...weights, weight] };
      await write(route, [...weights.map(pythonFloat), String(weight)]);
    },
    async updateWeights(service, weights) {
      const route = await get(service);
      if (route === undefined) throw new RouteError(service, 'it has no hosts; allowed: a service that has a route');
      await write({ ...route, weights }, weights.map(String));
    },
  };
}
