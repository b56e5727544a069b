import { announce, type RedisSettings } from '@galileo/bus';
import { connectRedis } from '@galileo/bus/connect-redis';
import { followRoutes } from '@galileo/routing';
import type { Logger } from '@galileo/service';
import type { AppRequests } from '../apps/app-requests.ts';
import type { LoadClient, LoadGenerator } from '../load-generator.ts';
import type { RequestSpec } from '../requests/request-spec.ts';
import { type BusCalls, openBusCalls } from './bus-calls.ts';
import { createBusMessages } from './bus-messages.ts';
import { clientRequest } from './client-request.ts';
import { describeClient } from './describe-client.ts';
import { createRegistration, leaveLimit } from './registration.ts';
import { routeTableOf } from './route-table.ts';
import { within } from './within.ts';

export interface RedisSideOptions {
  readonly settings: RedisSettings;
  readonly worker: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly generator: LoadGenerator;
  readonly appRequests: AppRequests;
  /** UNIX seconds. */
  now(): number;
  /** HOST:PORT under which others reach the worker. */
  readonly address: string;
  readonly log: Logger;
  /** Told of every change. */
  onState(state: RedisState): void;
}

/** What the worker needs of Redis. */
interface RedisState {
  readonly connected: boolean;
  /** Calls of Galileo's controllers are heard. */
  readonly subscribed: boolean;
  /** The routes are as in Redis, and changes are heard; when Redis is away, those that were known stay. */
  readonly routed: boolean;
}

/** A worker's life in Redis. */
export interface RedisSide extends AsyncDisposable {
  /** Resolves when Redis has told the routes. */
  ready(): Promise<void>;
  /** Registers and announces the worker, from now on and again whenever that is needed. */
  enter(): void;
  /** Takes back what was entered, for a bounded time. */
  leave(): Promise<void>;
  /** Clients were made over gRPC. */
  opened(clients: readonly LoadClient[], spec: RequestSpec): void;
  /** Clients were closed over gRPC. */
  closed(ids: readonly string[]): void;
}

/**
 * Connects a worker to Redis: its routes come from there, Galileo's controllers find and drive it there, and our orchestrator
 * finds it there.
 */
export function openRedisSide(options: RedisSideOptions): RedisSide {
  const { settings, worker, labels, generator, address, log, now, onState } = options;
  let state: RedisState = { connected: false, subscribed: false, routed: false };
  const update = (change: Partial<RedisState>) => {
    state = { ...state, ...change };
    onState(state);
  };
  const redis = connectRedis(settings, { log, name: 'worker' });
  const routes = followRoutes({ redis, settings, table: routeTableOf(generator, log), log });
  const registration = createRegistration({ redis, worker, labels, log });
  const messages = createBusMessages({ redis, log, now });
  const entered: AsyncDisposable[] = [];
  let calls: BusCalls | undefined;
  let left: Promise<unknown> = Promise.resolve();

  /** Both connections are needed: what came by while one was away may have been a call to register again. */
  const register = () => {
    if (state.connected && state.subscribed) void registration.register().then(messages.resume);
  };
  routes.onConnection(routed => update({ routed }));
  redis.onConnection(connected => {
    update({ connected });
    register();
  });

  return {
    ready: () => routes.ready(),
    enter() {
      const onSubscription = (subscribed: boolean) => {
        update({ subscribed });
        register();
      };
      calls = openBusCalls({
        ...{ redis, messages, settings, worker, log, generator, registration },
        requestOf: (config, count) => clientRequest(config, count, options.appRequests),
        onState: onSubscription,
      });
      entered.push(calls, announce({ redis, kind: 'client', name: worker, address, log }));
    },
    async leave() {
      // Calls are heard until the worker is no longer registered, as in the original.
      await registration[Symbol.asyncDispose]();
      left = Promise.all(entered.map(part => part[Symbol.asyncDispose]()));
    },
    opened: (clients, spec) => void registration.opened(clients.map(client => describeClient(client, spec, worker))),
    closed(ids) {
      calls?.closed(ids);
      registration.closed(ids);
    },
    async [Symbol.asyncDispose]() {
      await within(leaveLimit, left);
      messages.end();
      await routes[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}
