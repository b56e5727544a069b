import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnection } from '@galileo/bus';
import { createRedisRoutes } from '@galileo/routing';
import type { Logger } from '@galileo/service';
import { FleetError, type WorkerMember } from '../fleet/fleet.ts';
import type { ServiceRoute } from '../routes-per-service.ts';
import { persist } from './persistence.ts';

/** A way to tell load clients where services are. */
export interface RouteChannel {
  /** Does what is set outlive the load clients, so that it has to be removed? */
  readonly lasting: boolean;
  /** Sets the routes, and resolves when every load client has them. @throws FleetError, GaveUpError */
  set(routes: readonly ServiceRoute[], workers: readonly WorkerMember[], signal: AbortSignal): Promise<void>;
  /** Removes the route of a service. */
  remove(service: string): Promise<void>;
}

/** Seconds that load clients get to take routes. */
const timeout = 10;
/** Milliseconds between two looks. */
const interval = 50;

/** Routes straight to each load client, whose table they replace. */
export const grpcRoutes: RouteChannel = {
  lasting: false,
  async set(routes, workers) {
    const message = routes.map(({ service, hosts, weights }) => ({ service, hosts: [...hosts], weights: [...weights] }));
    await Promise.all(workers.map(worker => worker.connection.client.setRoutes({ routes: message })));
  },
  remove: async () => {},
};

/**
 * Galileo's routing table in Redis, which load clients follow. Routes that are in force are written again when Redis has lost
 * them: those who come to know Redis only then need them too.
 */
export function redisRoutes(redis: RedisConnection, log: Logger): RouteChannel {
  const table = createRedisRoutes(redis);
  const inForce = new Map<string, ServiceRoute>();
  /** One change after the other, so that nothing is written again that is being removed. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn(change: () => Promise<void>): Promise<void> {
    const turn = last.then(change);
    last = turn.catch(() => {});
    return turn;
  }

  async function restore(): Promise<void> {
    for (const route of inForce.values()) {
      if ((await table.get(route.service)) !== undefined) continue;
      await table.set(route);
      log.info({ service: route.service }, 'the route was written to Redis again');
    }
  }
  redis.onConnection(connected => {
    if (!connected) return;
    inTurn(restore).catch((error: Error) => {
      // Without a connection there will be another one.
      if (redis.connected) log.warn({ reason: error.message }, 'the routes could not be written to Redis again');
    });
  });

  return {
    lasting: true,
    async set(routes, workers, signal) {
      for (const route of routes) {
        const set = () => inTurn(() => table.set(route));
        await persist(`setting the route of ${route.service} in Redis`, timeout, set, signal);
        inForce.set(route.service, route);
      }
      await Promise.all(workers.map(worker => untilTaken(worker, routes, signal)));
    },
    remove(service) {
      inForce.delete(service);
      return inTurn(() => table.remove(service));
    },
  };
}

/** Waits until a load client has taken routes. @throws FleetError that names the load client and the first route it lacks */
async function untilTaken(worker: WorkerMember, routes: readonly ServiceRoute[], signal: AbortSignal): Promise<void> {
  const end = performance.now() + timeout * 1000;
  for (;;) {
    const { routes: told } = await worker.connection.client.getRoutes({}, { signal });
    const lacking = routes.find(route => !told.some(entry => isSame(route, entry)));
    if (lacking === undefined) return;
    if (performance.now() >= end) {
      throw new FleetError(
        `load client ${worker.name} has not taken the route of ${lacking.service} from Redis within ${timeout} s; ` +
          "allowed: the same Redis (galileo_redis_host, galileo_redis_port) and galileo_bus=redis as the orchestrator's",
      );
    }
    await sleep(interval, undefined, { signal });
  }
}

function isSame(one: ServiceRoute, other: ServiceRoute): boolean {
  return JSON.stringify([one.service, one.hosts, one.weights]) === JSON.stringify([other.service, other.hosts, other.weights]);
}
