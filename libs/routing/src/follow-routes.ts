import { setTimeout as sleep } from 'node:timers/promises';
import { createDoorbell, openRedisReader, type RedisConnection, type RedisSettings } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import { routeServicesKey, routeUpdatesChannel } from '@galileo/wire';
import { readRoute } from './redis-routes.ts';
import type { Route, RoutingTable } from './routing-table.ts';

export interface FollowRoutesOptions {
  /** For reading. */
  readonly redis: RedisConnection;
  /** For the connection of its own that hears of changes. */
  readonly settings: RedisSettings;
  /** Gets all routes as a whole at first and whenever they have changed. */
  readonly table: Pick<RoutingTable, 'replace'>;
  readonly log: Logger;
}

/** Keeps a routing table as it is in Redis. Disposing it ends that. */
export interface RouteFollower extends AsyncDisposable {
  /** Whether the table is as it is in Redis and changes are heard. */
  readonly connected: boolean;
  /** Resolves while that is so. @throws the reason of `signal` when that aborts first */
  ready(signal?: AbortSignal): Promise<void>;
  /** Told of each change of `connected`. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Told of each change of the table. */
  onChange(listener: (routes: readonly Route[]) => void): void;
}

const shortest = 0.1;
const longest = 1;

const byName = (one: string, other: string) => (one < other ? -1 : Number(one > other));

/** Which run of a Redis server this is; `undefined` if it doesn't let us know. */
async function runOf({ client }: RedisConnection): Promise<string | undefined> {
  const info = await client.info('server').catch(() => '');
  return /^run_id:(\w+)/m.exec(info)?.[1];
}

/** Reads all routes; those that are refused stay as they were. */
function createLoader({ redis, log }: FollowRoutesOptions) {
  let routes = new Map<string, Route>();
  /** Service -> why its record was refused. */
  let refused = new Map<string, string>();
  /** Routes that a server which was started anew has forgotten. They hold until somebody says something of the service. */
  const forgotten = new Set<string>();
  let run: string | undefined;

  async function namesToRead(reconnected: boolean): Promise<string[]> {
    const names = new Set(await redis.client.smembers(routeServicesKey));
    if (!reconnected) return [...names];
    const before = run;
    run = await runOf(redis);
    if (before === undefined || run === before) return [...names];
    const missing = [...routes.keys()].filter(name => !names.has(name));
    for (const name of missing) forgotten.add(name);
    if (missing.length > 0) log.warn({ redis: redis.address, services: missing }, 'Redis has lost routes; they stay in use');
    return [...names];
  }

  return {
    /** Somebody has set or removed the route of a service. */
    updated: (service: string) => forgotten.delete(service),
    /** Reads the routes; with `reconnected` the server may be another one. @returns them, or undefined if they are the same */
    async load(reconnected: boolean): Promise<readonly Route[] | undefined> {
      const names = await namesToRead(reconnected);
      const records = await Promise.all(names.map(async name => [name, await readRoute(redis, name)] as const));
      const found = new Map([...forgotten].map(name => [name, routes.get(name)]));
      const reasons = new Map<string, string>();
      for (const [name, record] of records) {
        forgotten.delete(name);
        found.set(name, record.ok ? record.value : routes.get(name));
        if (record.ok) continue;
        reasons.set(name, record.reason);
        if (refused.get(name) !== record.reason) log.warn({ service: name, reason: record.reason }, 'route refused');
      }
      refused = reasons;
      const there = [...found.values()].filter(route => route !== undefined);
      const sorted = there.sort((one, other) => byName(one.service, other.service));
      const same = JSON.stringify(sorted) === JSON.stringify([...routes.values()]);
      routes = new Map(sorted.map(route => [route.service, route]));
      return same ? undefined : sorted;
    },
  };
}

/**
 * Loads the routing table of Redis and follows it: on each message of `routing:updates`, and after each reconnect, everything is
 * read again. While Redis is away the table stays as it is; what a Redis that was started anew has forgotten stays too.
 */
export function followRoutes(options: FollowRoutesOptions): RouteFollower {
  const { redis, settings, table, log } = options;
  const loader = createLoader(options);
  const bell = createDoorbell();
  const ended = new AbortController();
  const { signal } = ended;
  const connectionListeners: ((connected: boolean) => void)[] = [];
  const changeListeners: ((routes: readonly Route[]) => void)[] = [];
  let subscribed = false;
  let reconnected = false;
  let due = false;
  let connected = false;

  function setConnected(value: boolean): void {
    if (connected === value || signal.aborted) return;
    connected = value;
    for (const listener of connectionListeners) listener(value);
    bell.ring();
  }

  const reader = openRedisReader({
    redis: settings,
    log,
    name: 'routes',
    channels: [routeUpdatesChannel],
    onMessages(batch) {
      for (const { line } of batch) loader.updated(line);
      due = true;
      bell.ring();
    },
    onState(state) {
      subscribed = state.connected;
      if (subscribed) {
        due = true;
        reconnected = true;
        bell.ring();
      } else setConnected(false);
    },
  });
  redis.onConnection(() => bell.ring());

  /** Loads what is due. The flags fall before the load, so that what changes meanwhile is loaded again. */
  async function loadOnce(): Promise<void> {
    const anew = reconnected;
    due = false;
    reconnected = false;
    try {
      const routes = await loader.load(anew);
      if (signal.aborted) return;
      if (routes !== undefined) {
        table.replace(routes);
        for (const listener of changeListeners) listener(routes);
      }
      if (subscribed && !due) setConnected(true);
    } catch (error) {
      due = true;
      reconnected ||= anew;
      throw error;
    }
  }

  async function run(): Promise<void> {
    let delay = shortest;
    while (await bell.until(() => due && subscribed && redis.connected, signal)) {
      try {
        await loadOnce();
        delay = shortest;
      } catch (error) {
        // A lost connection is logged by the connection itself.
        if (signal.aborted) return;
        if (redis.connected && delay === shortest) log.warn({ err: error }, 'the routes could not be read; trying again');
        await sleep(delay * 1000, undefined, { signal }).catch(() => {});
        delay = Math.min(longest, delay * 2);
      }
    }
  }
  const running = run();

  return {
    get connected() {
      return connected;
    },
    async ready(stop) {
      const until = stop === undefined ? signal : AbortSignal.any([stop, signal]);
      if (!(await bell.until(() => connected, until))) until.throwIfAborted();
    },
    onConnection: listener => void connectionListeners.push(listener),
    onChange: listener => void changeListeners.push(listener),
    async [Symbol.asyncDispose]() {
      ended.abort();
      await Promise.all([reader[Symbol.asyncDispose](), running]);
    },
  };
}
