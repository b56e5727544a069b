import { missing, type RedisServer, startFaultProxy, startRedis, until } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { openRedisPublisher, type RedisSettings } from '../src/index.ts';
import { connectRedis } from '../src/redis/connect.ts';
import { collectedLog } from './collected-log.ts';
import { follow } from './followed.ts';
import { startScriptedRedis } from './scripted-redis.ts';

/** All three kinds of connections through something that falls silent without an end of the connections. */
async function fallSilent(redis: RedisSettings, faults: { begin(): unknown; end(): unknown }) {
  const { log, text, count } = collectedLog();
  await using reader = await follow({ redis, channels: ['c'], log });
  await using publisher = openRedisPublisher({ redis, producerId: 'p', log });
  await using commands = connectRedis(redis, { log, name: 'commands' });
  await commands.ready();
  publisher.publish('event', 'c', 'before');
  await publisher.flush();
  await until('the record', () => reader.messages.length === 1);

  await faults.begin();
  publisher.publish('event', 'c', 'written into silence');
  const command = commands.client.get('key');
  command.catch(() => {});
  await until('all notice', () => !publisher.connected && !commands.connected && reader.states.length === 2, 15);
  await expect(command).rejects.toThrow(`Redis at 127.0.0.1:${redis.port} has `);
  await expect(commands.client.get('key')).rejects.toThrow(`127.0.0.1:${redis.port}`);
  publisher.publish('event', 'c', 'after');
  await faults.end();

  await until('all are back', () => publisher.connected && commands.connected && reader.states.length === 3, 15);
  await publisher.flush();
  expect(await commands.client.get('key')).toBe(null);
  // What was written counts as uncertain: a Redis that only stood still publishes it when it goes on.
  expect(publisher.uncertain.event).toBe(1);
  expect(publisher.lost.event).toBe(0);
  for (const connection of ['reader', 'publish', 'commands']) {
    expect(count(new RegExp(`"connection":"${connection}".*no connection to Redis; trying again`)), text()).toBe(1);
    expect(count(new RegExp(`"connection":"${connection}".*connected to Redis again`)), text()).toBe(1);
  }
}

const settingsOf = ({ host, port }: Pick<RedisServer, 'host' | 'port'>) => ({ host, port });

describe.skipIf(missing('redis-server'))('a connection to Redis (needs redis-server)', { concurrent: true }, () => {
  it('that stands still is given up, and made again when it goes on', async () => {
    await using server = await startRedis();
    await fallSilent(settingsOf(server), { begin: () => server.pause(), end: () => server.resume() });
  });

  it('that passes nothing is given up, and made again when the network is healed', async () => {
    await using server = await startRedis();
    await using proxy = await startFaultProxy(server.address);
    await fallSilent(settingsOf(proxy), { begin: () => proxy.halfOpen(), end: () => proxy.heal() });
  });

  it('that has nothing to say stays', async () => {
    await using server = await startRedis();
    await using reader = await follow({ redis: settingsOf(server), channels: ['c'] });
    const { log } = collectedLog();
    await using publisher = openRedisPublisher({ redis: settingsOf(server), producerId: 'p', log });
    await using commands = connectRedis(settingsOf(server), { log, name: 'commands' });
    await commands.ready();
    await publisher.flush();
    const states: boolean[] = [];
    commands.onConnection(connected => states.push(connected));
    await new Promise(resolve => setTimeout(resolve, 6500));
    expect(reader.states).toEqual([true]);
    expect(states).toEqual([true]);
    expect(publisher.connected).toBe(true);
    expect(await server.client().info('clients')).toContain('connected_clients:4');
  });
});

it('a flush waits for its records also when the connection is just being asked whether it lives', async () => {
  let pings = 0;
  const held: string[] = [];
  let release = () => {};
  await using scripted = await startScriptedRedis((words, socket) => {
    release = () => socket.write(held.splice(0).join(''));
    if (words[0] === 'PING' && pings++ === 0) return '+PONG\r\n';
    if (words[0] === 'CLIENT') return '+OK\r\n';
    held.push(words[0] === 'PING' ? '+PONG\r\n' : ':1\r\n');
    return undefined;
  });
  const { log } = collectedLog();
  await using publisher = openRedisPublisher({ redis: scripted.settings, producerId: 'p', log });
  await until('the question', () => pings === 2);
  publisher.publish('event', 'c', 'line');
  let flushed = false;
  const flushing = publisher.flush().then(() => {
    flushed = true;
  });
  await until('the record', () => held.length === 2);
  expect(flushed).toBe(false);
  release();
  await flushing;
  expect(publisher.uncertain.event).toBe(0);
});
