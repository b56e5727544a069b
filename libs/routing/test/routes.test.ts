// The routing table in a real Redis: Galileo's commands, and following it.
import type { RedisConnection } from '@galileo/bus';
import { connectRedis } from '@galileo/bus/connect-redis';
import { missing, type RedisServer, silentLog, startFaultProxy, startRedis, until } from '@galileo/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRedisRoutes, createRoutingTable, followRoutes, type Route, RouteError } from '../src/index.ts';
import { collectedLog } from './observed-zone.ts';

const absent = missing('redis-server');
const settingsOf = (server: { host: string; port: number }) => ({ host: server.host, port: server.port });
const open = (server: { host: string; port: number }) => connectRedis(settingsOf(server), { log: silentLog, name: 'test' });
const route = (service: string, hosts: string[], weights: number[]): Route => ({ service, hosts, weights });

describe.skipIf(absent)('commands (needs redis-server)', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  beforeAll(async () => {
    server = await startRedis();
    redis = open(server);
    await redis.ready();
  });
  beforeEach(() => redis.client.flushall());
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** The commands that Redis got while `action` ran, as MONITOR tells them. */
  async function commandsOf(action: () => Promise<unknown>): Promise<string[]> {
    const seen: string[][] = [];
    const monitor = await server.client().monitor();
    monitor.on('monitor', (_, words: string[]) => seen.push(words));
    await action();
    await redis.client.echo('end');
    await until('the end', () => seen.some(([name]) => name === 'echo'));
    monitor.disconnect();
    const words = seen.slice(
      0,
      seen.findIndex(([name]) => name === 'echo'),
    );
    return words.map(([name, ...rest]) => [name!.toUpperCase(), ...rest].join(' ')).filter(line => !line.startsWith('PING'));
  }

  const routes = () => createRedisRoutes(redis);
  const set = (service: string, hosts: string, weights: string) => [
    'MULTI',
    `DEL routing:hosts:${service}`,
    `DEL routing:weights:${service}`,
    `SADD routing:services ${service}`,
    `RPUSH routing:hosts:${service} ${hosts}`,
    `RPUSH routing:weights:${service} ${weights}`,
    `PUBLISH routing:updates ${service}`,
    'EXEC',
  ];
  const get = (service: string) => [
    'MULTI',
    `LRANGE routing:hosts:${service} 0 -1`,
    `LRANGE routing:weights:${service} 0 -1`,
    'EXEC',
  ];

  test.each([
    ['set', () => routes().set(route('svc2', ['h1:80'], [1])), set('svc2', 'h1:80', '1')],
    ['set with fractions', () => routes().set(route('new', ['h:1', 'h:2'], [1.5, 0])), set('new', 'h:1 h:2', '1.5 0')],
    ['get', () => routes().get('svc'), get('svc')],
    ['list', () => routes().list(), ['SMEMBERS routing:services']],
    ['append', () => routes().append('svc', 'h:3', 3), [...get('svc'), ...set('svc', 'h:1 h:2 h:3', '1.0 2.0 3')]],
    ['append to none', () => routes().append('new', 'h:1'), [...get('new'), ...set('new', 'h:1', '1')]],
    ['update_weights', () => routes().updateWeights('svc', [1.5, 0]), [...get('svc'), ...set('svc', 'h:1 h:2', '1.5 0')]],
    [
      'remove',
      () => routes().remove('svc'),
      [
        'MULTI',
        'DEL routing:hosts:svc',
        'DEL routing:weights:svc',
        'SREM routing:services svc',
        'PUBLISH routing:updates svc',
        'EXEC',
      ],
    ],
    [
      'clear',
      () => routes().clear(),
      [
        'SMEMBERS routing:services',
        'MULTI',
        'DEL routing:hosts:svc',
        'DEL routing:weights:svc',
        'PUBLISH routing:updates svc',
        'DEL routing:services',
        'EXEC',
      ],
    ],
  ])('%s sends what Galileo sends', async (_, action, commands) => {
    await routes().set(route('svc', ['h:1', 'h:2'], [1, 2]));
    expect(await commandsOf(action)).toEqual(commands);
  });

  test('what is set is got, listed, and gone after its removal', async () => {
    const table = routes();
    await table.set(route('pi', ['h:1', 'h:2'], [3, 1]));
    await table.set(route('other', ['h:3'], [0.5]));
    expect(await table.get('pi')).toEqual(route('pi', ['h:1', 'h:2'], [3, 1]));
    expect((await table.list()).sort()).toEqual(['other', 'pi']);
    await table.remove('pi');
    expect(await table.get('pi')).toBeUndefined();
    await table.clear();
    expect(await table.list()).toEqual([]);
    expect(await redis.client.keys('*')).toEqual([]);
  });

  test.each([
    ['fewer weights than hosts', () => routes().set(route('pi', ['h:1'], [])), 'route of "pi": found 0 weights for 1 hosts'],
    ['no hosts', () => routes().set(route('pi', [], [])), 'route of "pi": found no hosts; allowed: one or more'],
    ['a negative weight', () => routes().append('pi', 'h:1', -1), 'route of "pi": weight of h:1: -1 is not allowed'],
    ['no name', () => routes().set(route('', ['h:1'], [1])), 'route of "": the service has no name'],
    ['weights of no route', () => routes().updateWeights('pi', []), 'route of "pi": it has no hosts'],
  ])('%s are refused before anything is written', async (_, action, message) => {
    await expect(action()).rejects.toThrow(RouteError);
    await expect(action()).rejects.toThrow(message);
    expect(await redis.client.keys('*')).toEqual([]);
  });

  test.each([
    ['a weight that is no number', ['h:1'], ['many'], 'weight "many" is not allowed; allowed: a finite number from 0'],
    ['an infinite weight', ['h:1'], ['inf'], 'weight "inf" is not allowed'],
    ['too few weights', ['h:1', 'h:2'], ['1'], 'found 1 weights for 2 hosts'],
  ])('%s in Redis is told', async (_, hosts, weights, message) => {
    await redis.client.rpush('routing:hosts:pi', ...hosts);
    await redis.client.rpush('routing:weights:pi', ...weights);
    await expect(routes().get('pi')).rejects.toThrow(`route of "pi": ${message}`);
  });

  test('keys of another type are told', async () => {
    await redis.client.set('routing:hosts:pi', 'text');
    await expect(routes().get('pi')).rejects.toThrow('route of "pi": its keys hold no lists');
  });
});

describe.skipIf(absent)('following (needs redis-server)', () => {
  /** A follower of a server, reached through `through`, with its table. */
  function follow(through: { host: string; port: number }) {
    const { log, lines, warnings } = collectedLog();
    const redis = open(through);
    const table = createRoutingTable();
    const follower = followRoutes({ redis, settings: settingsOf(through), table, log });
    const changes: string[] = [];
    follower.onChange(routes => changes.push(routes.map(({ service, weights }) => `${service} ${weights}`).join(', ')));
    return {
      table,
      follower,
      changes,
      lines,
      warnings,
      async [Symbol.asyncDispose]() {
        await follower[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  }

  test('routes are there at the start, change, and go', async () => {
    await using server = await startRedis();
    await using redis = open(server);
    await redis.ready();
    const routes = createRedisRoutes(redis);
    await routes.set(route('pi', ['h:1', 'h:2'], [2, 1]));
    await using one = follow(server);
    await one.follower.ready();
    expect(one.table.pick('pi')).toBe('h:1');
    await routes.set(route('other', ['h:3'], [1]));
    await until('another', () => one.changes.length === 2);
    expect(one.table.pick('pi')).toBe('h:1');
    expect(one.table.pick('pi')).toBe('h:2');
    await routes.updateWeights('pi', [1, 1]);
    await until('weights', () => one.changes.length === 3);
    await routes.remove('pi');
    await until('removal', () => one.changes.length === 4);
    await routes.clear();
    await until('all gone', () => one.changes.length === 5);
    expect(one.changes).toEqual(['pi 2,1', 'other 1, pi 2,1', 'other 1, pi 1,1', 'other 1', '']);
    expect(one.table.services()).toEqual([]);
  });

  test('a record that is no route is told once, and the old one stays', async () => {
    await using server = await startRedis();
    await using redis = open(server);
    await redis.ready();
    const routes = createRedisRoutes(redis);
    await routes.set(route('pi', ['h:1'], [1]));
    await using one = follow(server);
    await one.follower.ready();
    await redis.client.rpush('routing:weights:pi', 'many');
    await redis.client.publish('routing:updates', 'pi');
    await until('the warning', () => one.warnings().length === 1);
    await routes.set(route('next', ['h:2'], [1]));
    await until('the next route', () => one.changes.length === 2);
    expect(one.table.pick('pi')).toBe('h:1');
    expect(one.warnings()).toMatchObject([
      { msg: 'route refused', service: 'pi', reason: expect.stringContaining('found 2 weights for 1 hosts') },
    ]);
    await routes.set(route('pi', ['h:9'], [1]));
    await until('the good route', () => one.changes.length === 3);
    expect(one.table.pick('pi')).toBe('h:9');
  });

  test('what changed while the connection was cut is read after it', async () => {
    await using server = await startRedis();
    await using redis = open(server);
    await redis.ready();
    const routes = createRedisRoutes(redis);
    await using proxy = await startFaultProxy(server.address);
    await routes.set(route('stays', ['h:1'], [1]));
    await routes.set(route('goes', ['h:2'], [1]));
    await using one = follow(proxy);
    await one.follower.ready();
    await proxy.cut();
    await until('disconnected', () => !one.follower.connected);
    await routes.remove('goes');
    await routes.set(route('comes', ['h:3'], [1]));
    expect(one.table.services()).toEqual(['goes', 'stays']);
    await proxy.heal();
    await until('connected again', () => one.follower.connected);
    expect(one.table.services()).toEqual(['comes', 'stays']);
  });

  test('Redis may be absent at first', async () => {
    const first = await startRedis();
    const address = { host: first.host, port: first.port };
    await first[Symbol.asyncDispose]();
    await using one = follow(address);
    await until('the warning', () => one.warnings().length > 0);
    await using server = await startRedis({ port: address.port });
    await using redis = open(server);
    await redis.ready();
    await createRedisRoutes(redis).set(route('pi', ['h:1'], [1]));
    await until('the route', () => one.table.pick('pi'));
  });

  test('routes that a Redis which was started anew has forgotten stay in use until somebody sets or removes them', async () => {
    await using server = await startRedis();
    await using redis = open(server);
    await redis.ready();
    const routes = createRedisRoutes(redis);
    await routes.set(route('pi', ['h:1'], [1]));
    await routes.set(route('other', ['h:2'], [1]));
    await using one = follow(server);
    await one.follower.ready();
    await server.kill();
    await until('disconnected', () => !one.follower.connected);
    await server.restart();
    await until('connected again', () => one.follower.connected);
    expect(one.table.services()).toEqual(['other', 'pi']);
    await redis.ready();
    await routes.set(route('pi', ['h:3'], [1]));
    await until('the new route', () => one.table.pick('pi') === 'h:3');
    expect(one.table.services()).toEqual(['other', 'pi']);
    await routes.remove('other');
    await until('the removal', () => one.table.services().length === 1);
    expect(one.warnings().map(({ msg }) => msg)).toContain('Redis has lost routes; they stay in use');
  });
});
