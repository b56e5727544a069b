import { missing, type RedisServer, silentLog, startFaultProxy, startRedis, until } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { announce, discover, RedisError, type RedisSettings } from '../src/index.ts';
import { connectRedis } from '../src/redis/connect.ts';
import { collectedLog } from './collected-log.ts';

const log = silentLog;

describe.skipIf(missing('redis-server'))('a connection for commands (needs redis-server)', () => {
  let server: RedisServer;
  let redis: RedisSettings;
  beforeAll(async () => {
    server = await startRedis();
    redis = { host: server.host, port: server.port };
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('fails at once while Redis is away, says where that is, and works when it is back', async () => {
    await using own = await startRedis();
    const { log: kept, count, text } = collectedLog();
    await using connection = connectRedis({ host: own.host, port: own.port }, { log: kept, name: 'commands' });
    const states: boolean[] = [];
    connection.onConnection(connected => states.push(connected));
    await expect(connection.client.get('key')).rejects.toThrow(RedisError);
    await connection.ready();
    await connection.client.set('key', 'value');
    expect(await own.client().client('LIST')).toContain('name=commands');
    const blocked = connection.client.brpop('list', 4).catch((error: Error) => error.message);
    await own.kill();
    expect(await blocked).toMatch(/^(Redis at \S+ ended the connection|the connection to Redis at \S+ broke \(ECONNRESET\))$/);
    await until('the loss is noticed', () => !connection.connected);
    await expect(connection.client.get('key')).rejects.toThrow(own.address);
    await expect(connection.client.pipeline().set('a', 1).exec()).resolves.toMatchObject([[{ name: 'RedisError' }]]);
    await own.restart();
    await connection.ready();
    expect(await connection.client.get('key')).toBe(null);
    expect(states).toEqual([false, true, false, true]);
    expect(count(/no connection to Redis; trying again/), text()).toBe(1);
    expect(count(/connected to Redis again/), text()).toBe(1);
  });

  it('leaves to the caller what Redis says of his command', async () => {
    await using connection = connectRedis(redis, { log, name: 'commands' });
    await connection.ready();
    await connection.client.set('text', 'x');
    await expect(connection.client.lpush('text', 'y')).rejects.toThrow(/^WRONGTYPE/);
    await expect(connection.client.multi().set('a', 1).lpush('text', 'y').exec()).resolves.toMatchObject([[null, 'OK'], [{}]]);
  });

  it('ends in every state', async () => {
    const never = connectRedis({ host: '127.0.0.1', port: 1 }, { log, name: 'commands' });
    const waiting = expect(never.ready()).rejects.toThrow();
    await until('it waits for the next attempt', () => never.client.status === 'reconnecting');
    await never[Symbol.asyncDispose]();
    await waiting;
    const early = connectRedis(redis, { log, name: 'commands' });
    await early[Symbol.asyncDispose]();
    await early[Symbol.asyncDispose]();
    expect(early.connected).toBe(false);
    await expect(early.client.get('key')).rejects.toThrow(server.address);
    await using paused = await startRedis();
    const silent = connectRedis({ host: paused.host, port: paused.port }, { log, name: 'commands' });
    await silent.ready();
    paused.pause();
    await silent[Symbol.asyncDispose]();
  });
});

describe.skipIf(missing('redis-server'))('announcements (need redis-server)', () => {
  let server: RedisServer;
  let redis: RedisSettings;
  beforeAll(async () => {
    server = await startRedis();
    redis = { host: server.host, port: server.port };
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const connected = async (settings = redis) => {
    const connection = connectRedis(settings, { log, name: 'commands' });
    await connection.ready();
    return connection;
  };

  it('are found by kind, sorted by name, until they are withdrawn', async () => {
    await using connection = await connected();
    const admin = server.client();
    await admin.set('galileo:service:telemd:', 'nameless');
    await admin.lpush('galileo:service:client:list', 'no address');
    const made = ['b', 'a:1', 'ü', ...Array.from({ length: 50 }, (_, i) => `w${String(i).padStart(2, '0')}`)].map((name, i) =>
      announce({ redis: connection, kind: 'client', name, address: `127.0.0.1:${1000 + i}`, log }),
    );
    await using _other = announce({ redis: connection, kind: 'telemd', name: 'node', address: '10.0.0.1:50052', log });
    const found = await until('all', async () => {
      const services = await discover(connection, 'client');
      return services.length === made.length ? services : undefined;
    });
    expect(found.map(({ name }) => name)).toEqual(found.map(({ name }) => name).sort());
    expect(found[0]).toEqual({ name: 'a:1', address: '127.0.0.1:1001' });
    expect(await discover(connection, 'telemd')).toEqual([{ name: 'node', address: '10.0.0.1:50052' }]);
    expect(await discover(connection, 'recorder')).toEqual([]);
    const ttl = await admin.ttl('galileo:service:client:b');
    expect(ttl).toBeGreaterThan(10);
    expect(ttl).toBeLessThanOrEqual(15);
    await Promise.all(made.map(each => each[Symbol.asyncDispose]()));
    expect(await discover(connection, 'client')).toEqual([]);
  });

  it('last as long as they are renewed, and come back at once with Redis', async () => {
    await using own = await startRedis();
    await using connection = await connected({ host: own.host, port: own.port });
    await using _ = announce({
      redis: connection,
      kind: 'recorder',
      name: 'n',
      address: '127.0.0.1:1',
      log,
      ttl: 0.5,
      renewal: 0.1,
    });
    await using once = announce({
      redis: connection,
      kind: 'recorder',
      name: 'once',
      address: 'h:2',
      log,
      ttl: 15,
      renewal: 1000,
    });
    await new Promise(resolve => setTimeout(resolve, 1000));
    const names = async () => (await discover(connection, 'recorder')).map(({ name }) => name);
    expect(await names()).toEqual(['n', 'once']);
    await own.kill();
    await expect(discover(connection, 'recorder')).rejects.toThrow(own.address);
    await own.restart();
    await connection.ready();
    await until('the announcements', async () => (await names()).length === 2);
    await own.kill();
    await until('the loss is noticed', () => !connection.connected);
    await once[Symbol.asyncDispose]();
  });

  it('do not take the name of another that lives, say so once, and take it when that one is gone', async () => {
    await using connection = await connected();
    const admin = server.client();
    const key = 'galileo:service:loadbalancer:node';
    await admin.set(key, '10.0.0.9:8080', 'PX', 700);
    const { log: kept, count } = collectedLog();
    const options = { redis: connection, kind: 'loadbalancer', name: 'node', log: kept, ttl: 5, renewal: 0.05 } as const;
    const mine = announce({ ...options, address: '10.0.0.1:8080' });
    await until('the warning', () => count(/"holder":"10.0.0.9:8080".*taken by another/) === 1);
    expect(await admin.get(key)).toBe('10.0.0.9:8080');
    await until('the name is free', async () => (await admin.get(key)) === '10.0.0.1:8080');
    expect(count(/taken by another/)).toBe(1);
    await until('the message', () => count(/free now and announced/) === 1);
    await admin.set(key, '10.0.0.9:8080');
    await until('the second warning', () => count(/taken by another/) === 2);
    await mine[Symbol.asyncDispose]();
    expect(await admin.get(key)).toBe('10.0.0.9:8080');
    await admin.del(key);
  });

  it('are made when Redis comes late', async () => {
    await using own = await startRedis();
    await using proxy = await startFaultProxy(own.address);
    await proxy.cut();
    await using connection = connectRedis({ host: proxy.host, port: proxy.port }, { log, name: 'commands' });
    await using _ = announce({ redis: connection, kind: 'client', name: 'w', address: 'h:1', log });
    await proxy.heal();
    await until('the announcement', async () => (await own.client().get('galileo:service:client:w')) === 'h:1');
  });
});
