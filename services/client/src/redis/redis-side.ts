import { announce, connectRedis, type RedisSettings } from '@galileo/bus';
import { followRoutes } from '@galileo/routing';
import type { Logger } from '@galileo/service';
import type { EmulatedClient } from '../emulated-client.ts';
import type { Generator } from '../generator.ts';
import { openBusCalls } from './bus-calls.ts';
import { createRegistration, leaveLimit } from './registration.ts';
import { routeTableOf } from './route-table.ts';
import { within } from './within.ts';

export interface RedisSideOptions {
  readonly settings: RedisSettings;
  readonly worker: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly generator: Generator;
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
  opened(clients: readonly EmulatedClient[]): void;
  closed(ids: readonly string[]): void;
}

/** Connects a worker to Redis: its routes come from there, and Galileo's controllers and our orchestrator find it there. */
export function openRedisSide({ settings, worker, labels, generator, address, log, onState }: RedisSideOptions): RedisSide {
  let state: RedisState = { connected: false, subscribed: false, routed: false };
  const update = (change: Partial<RedisState>) => {
    state = { ...state, ...change };
    onState(state);
  };
  const redis = connectRedis(settings, { log, name: 'worker' });
  const routes = followRoutes({ redis, settings, table: routeTableOf(generator, log), log });
  const registration = createRegistration({ redis, worker, labels, log });
  const entered: AsyncDisposable[] = [];
  let left: Promise<unknown> = Promise.resolve();

  /** Both connections are needed: what came by while one was away may have been a call to register again. */
  const register = () => {
    if (state.connected && state.subscribed) registration.register();
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
      entered.push(
        openBusCalls({ redis, settings, worker, log, onRegister: registration.register, onState: onSubscription }),
        announce({ redis, kind: 'client', name: worker, address, log }),
      );
    },
    async leave() {
      // Calls are heard until the worker is no longer registered, as in the original.
      await registration[Symbol.asyncDispose]();
      left = Promise.all(entered.map(part => part[Symbol.asyncDispose]()));
    },
    opened: registration.opened,
    closed: registration.closed,
    async [Symbol.asyncDispose]() {
      await within(leaveLimit, left);
      await routes[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}
