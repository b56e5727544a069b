import { readFileSync } from 'node:fs';
import {
  type Certificates,
  createCertificates,
  missing,
  type RedisServer,
  startRedis,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedisPublisher, openRedisReader, type RedisSettings } from '../src/index.ts';
import { connectRedis } from '../src/redis/connect.ts';
import { collectedLog } from './collected-log.ts';

/** All three kinds of connections to a Redis that is to let them in or not. */
function open(redis: RedisSettings) {
  const { log, text, count } = collectedLog();
  const heard: string[] = [];
  const reader = openRedisReader({
    redis,
    log,
    channels: ['c'],
    onMessages: batch => {
      for (const { line } of batch) heard.push(line);
    },
  });
  const publisher = openRedisPublisher({ redis, producerId: 'p', log, closeTimeout: 0 });
  const commands = connectRedis(redis, { log, name: 'commands' });
  return {
    async letIn() {
      const signal = AbortSignal.timeout(10_000);
      await Promise.all([reader.subscribed(signal), commands.ready(signal)]);
      await commands.client.set('key', 'value');
      const lines = Array.from({ length: 3000 }, (_, i) => 'x'.repeat(i % 999 === 0 ? 500_000 : i));
      for (const line of lines) publisher.publish('event', 'c', line);
      await publisher.flush(signal);
      await until('the records', () => heard.length >= lines.length);
      expect(heard).toEqual(lines);
      expect(count(/no connection/)).toBe(0);
    },
    async refused(reason: string) {
      await until('all say why', () => count(/no connection to Redis; trying again/) >= 3, 15);
      for (const connection of ['reader', 'publish', 'commands']) {
        expect(
          text()
            .split('\n')
            .find(line => line.includes(`"connection":"${connection}"`)),
        ).toContain(reason);
      }
      await expect(commands.client.get('key')).rejects.toThrow(reason);
      expect(commands.connected || publisher.connected || reader.connected).toBe(false);
    },
    text,
    count,
    async [Symbol.asyncDispose]() {
      await Promise.all([reader, publisher, commands].map(each => each[Symbol.asyncDispose]()));
    },
  };
}

describe.skipIf(missing('redis-server'))('Redis (needs redis-server)', () => {
  let directory: TemporaryDirectory;
  let certificates: Certificates;
  let locked: RedisServer;
  let encrypted: RedisServer;
  let plain: RedisServer;
  const at = ({ port }: RedisServer, more: Partial<RedisSettings> = {}): RedisSettings => ({ host: '127.0.0.1', port, ...more });
  const ca = (path: string) => ({ tls: { ca: readFileSync(path) } });
  beforeAll(async () => {
    directory = await temporaryDirectory();
    certificates = await createCertificates(directory.path);
    [locked, encrypted, plain] = await Promise.all([
      startRedis({ password: 'open sesame' }),
      startRedis({ tls: certificates.server }),
      startRedis(),
    ]);
    await locked.client().acl('SETUSER', 'galileo', 'on', '>its own', '~*', '&*', '+@all');
  });
  afterAll(async () => {
    await Promise.all([locked, encrypted, plain].map(server => server[Symbol.asyncDispose]()));
    await directory[Symbol.asyncDispose]();
  });

  it.each<[string, () => RedisSettings]>([
    ['the password', () => at(locked, { password: 'open sesame' })],
    ['a user and his password', () => at(locked, { username: 'galileo', password: 'its own' })],
    ['TLS and the right authority', () => at(encrypted, ca(certificates.ca))],
    ['TLS under a host name', () => at(encrypted, { host: 'localhost', ...ca(certificates.ca) })],
    ['a password that none is needed for', () => at(plain, { password: 'superfluous' })],
  ])('lets in with %s', async (_, settings) => {
    await using connections = open(settings());
    await connections.letIn();
    expect(connections.count(/asks for no password/)).toBe(settings().password === 'superfluous' ? 1 : 0);
  });

  it.concurrent.each<[string, () => RedisSettings, string]>([
    ['without a password', () => at(locked), 'asks for a password: set galileo_redis_password'],
    [
      'with a wrong password',
      () => at(locked, { password: 'hunter2' }),
      'refuses the user or the password: check galileo_redis_username',
    ],
    ['with a wrong user', () => at(locked, { username: 'hunter2', password: 'its own' }), 'refuses the user or the password'],
    ['with TLS and a foreign authority', () => at(encrypted, ca(certificates.foreign.ca)), 'not signed by a trusted authority'],
    ['with TLS and the authorities of the system', () => at(encrypted, { tls: {} }), 'set galileo_redis_tls_ca'],
    ['without TLS where there must be', () => at(encrypted), 'speaks TLS on this port'],
    ['with TLS where there is none', () => at(plain, { tls: {} }), 'set galileo_redis_tls=false'],
  ])('does not let in %s, and why is said in plain words', async (_, settings, reason) => {
    await using connections = open(settings());
    await connections.refused(reason);
    expect(connections.text()).toContain(`127.0.0.1:${settings().port}`);
    expect(connections.text()).not.toMatch(/hunter2|its own/);
  });

  it('lets in later, when the password was set right', async () => {
    await using server = await startRedis();
    const admin = server.client();
    await admin.config('SET', 'requirepass', 'first');
    await using connections = open(at(server, { password: 'second' }));
    await connections.refused('refuses the user or the password');
    await admin.config('SET', 'requirepass', 'second');
    await until('all are back', () => connections.count(/connected to Redis again/) === 3, 15);
    expect(connections.count(/no connection to Redis; trying again/)).toBe(3);
  });
});
