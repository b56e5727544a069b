import { missing, type RedisServer, silentLog, startFaultProxy, startRedis, until } from '@galileo/testkit';
import { traceChannel } from '@galileo/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPublisher, openRedisPublisher, openRedisReader, type RedisSettings } from '../src/index.ts';
import { collectedLog } from './collected-log.ts';
import { follow } from './followed.ts';
import { startScriptedRedis } from './scripted-redis.ts';

const nothing = { trace: 0, telemetry: 0, event: 0 };
const log = silentLog;
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i));

describe.skipIf(missing('redis-server'))('records through Redis (needs redis-server)', () => {
  let server: RedisServer;
  let redis: RedisSettings;
  beforeAll(async () => {
    server = await startRedis();
    redis = { host: server.host, port: server.port };
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('arrive on their channels, one message per line, in their order, for any client of Redis', async () => {
    const original = server.client();
    const heard: string[] = [];
    await original.psubscribe('telem/*');
    original.on('pmessage', (_pattern: string, channel: string, line: string) => heard.push(`${channel} ${line}`));
    await using reader = await follow({ redis, patterns: ['telem/*'], channels: [traceChannel, 'galileo/events'] });
    await using publisher = openPublisher({
      bus: 'redis',
      redis,
      recorder: '127.0.0.1:1',
      credentials: {},
      producerId: 'telemd/node-a/1',
      log,
    });
    publisher.publish('telemetry', 'telem/node-a/cpu', '1.0000000 50.0');
    publisher.publish('trace', traceChannel, 'a trace');
    publisher.publish('telemetry', 'telem/node-a/rx/eth0', '1.0000000 7');
    publisher.publish('event', 'galileo/events', '1 begin');
    await publisher.flush();
    const expected = [
      { channel: 'telem/node-a/cpu', line: '1.0000000 50.0' },
      { channel: traceChannel, line: 'a trace' },
      { channel: 'telem/node-a/rx/eth0', line: '1.0000000 7' },
      { channel: 'galileo/events', line: '1 begin' },
    ];
    await until('the records', () => reader.messages.length >= expected.length && heard.length >= 2);
    expect(reader.messages).toEqual(expected);
    expect(heard).toEqual(['telem/node-a/cpu 1.0000000 50.0', 'telem/node-a/rx/eth0 1.0000000 7']);
    expect(publisher.lost).toEqual(nothing);
  });

  it('come back as they were, whatever they hold', async () => {
    await using reader = await follow({ redis, patterns: ['any/*'] });
    await using publisher = openRedisPublisher({ redis, producerId: 'p', log });
    const text = fc.oneof(
      { weight: 9, arbitrary: fc.string({ unit: 'binary' }) },
      { weight: 9, arbitrary: fc.string({ unit: 'grapheme' }) },
      { weight: 9, arbitrary: fc.constantFrom('', '\r\n', '$5\r\nhello\r\n', '*3\r\n', '\0', '😀'.repeat(1000)) },
      { weight: 1, arbitrary: fc.constantFrom('x'.repeat(1_000_000), '€'.repeat(350_000)) },
    );
    const record = fc.record({ channel: text.map(channel => `any/${channel.slice(0, 50)}`), line: text });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 30 }), async published => {
        reader.messages.length = 0;
        for (const { channel, line } of published) publisher.publish('event', channel, line);
        await publisher.flush();
        await until('the records', () => reader.messages.length >= published.length);
        const sent = published.map(({ channel, line }) => ({ channel: channel.toWellFormed(), line: line.toWellFormed() }));
        expect(reader.messages).toEqual(sent);
      }),
      { numRuns: 30 },
    );
  });

  it('wait while Redis is out of reach, and are published in their order once it is back', async () => {
    await using proxy = await startFaultProxy(server.address);
    const { log: kept, count } = collectedLog();
    await using reader = await follow({ redis, channels: ['c'] });
    await using publisher = openRedisPublisher({ redis: { host: proxy.host, port: proxy.port }, producerId: 'p', log: kept });
    publisher.publish('event', 'c', '0');
    await publisher.flush();
    await proxy.cut();
    await until('the loss is noticed', () => !publisher.connected);
    for (const line of numbers(5000, 1)) publisher.publish('event', 'c', line);
    await expect(publisher.flush(AbortSignal.timeout(50))).rejects.toThrow('timeout');
    await proxy.heal();
    await publisher.flush();
    await until('the records', () => reader.messages.length >= 5001);
    expect(reader.lines()).toEqual(numbers(5001));
    expect([publisher.lost, publisher.uncertain]).toEqual([nothing, nothing]);
    expect(count(/no connection to Redis; trying again/)).toBe(1);
    expect(count(/connected to Redis again/)).toBe(1);
  });

  it('are published once or counted as uncertain, never twice, while connections break in mid-stream', async () => {
    await using proxy = await startFaultProxy(server.address);
    await using reader = await follow({ redis, channels: ['c'] });
    await using publisher = openRedisPublisher({ redis: { host: proxy.host, port: proxy.port }, producerId: 'p', log });
    const total = 20_000;
    const large = 'x'.repeat(200_000);
    for (let sent = 0; sent < total; ) {
      for (let i = 0; i < 200; i++, sent++)
        publisher.publish('trace', 'c', sent % 5000 === 7 ? `${sent} ${large}` : String(sent));
      await new Promise(resolve => setTimeout(resolve, 5));
      if (sent % 4000 === 2000) proxy.reset();
    }
    await publisher.flush();
    const uncertain = publisher.uncertain.trace;
    const settled = server.client();
    await settled.publish('c', 'end');
    await until('the last record', () => reader.lines().at(-1) === 'end');
    const heard = reader
      .lines()
      .slice(0, -1)
      .map(line => Number.parseInt(line, 10));
    expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    expect(heard.length).toBeGreaterThanOrEqual(total - uncertain);
    expect(heard.length).toBeLessThanOrEqual(total);
    expect(proxy.accepted).toBeGreaterThan(1);
    expect(publisher.lost).toEqual(nothing);
  });

  it('that are large pass a slow network in pieces, and the connection is not taken for dead', async () => {
    await using proxy = await startFaultProxy(server.address);
    await using reader = await follow({ redis, channels: ['c'] });
    await using publisher = openRedisPublisher({ redis: { host: proxy.host, port: proxy.port }, producerId: 'p', log });
    proxy.throttle(1_500_000);
    const lines = ['a', 'x'.repeat(2_000_000), 'b', '€'.repeat(500_000), 'c'];
    for (const line of lines) publisher.publish('event', 'c', line);
    await publisher.flush();
    await until('the records', () => reader.messages.length >= lines.length);
    expect(reader.lines()).toEqual(lines);
    expect([publisher.lost, publisher.uncertain]).toEqual([nothing, nothing]);
  });

  it('that exceed the cap are counted as lost, the oldest first, and the others arrive', async () => {
    await using proxy = await startFaultProxy(server.address);
    await proxy.cut();
    const { log: kept, count } = collectedLog();
    await using reader = await follow({ redis, channels: ['c'] });
    await using publisher = openRedisPublisher({
      redis: { host: proxy.host, port: proxy.port },
      producerId: 'p',
      log: kept,
      maxBytes: 100_000,
    });
    const given: string[] = [];
    publisher.onLost((kind, channel, line) => given.push(`${kind} ${channel} ${line}`));
    publisher.publish('event', 'c', 'x'.repeat(25_000));
    expect(publisher.lost).toEqual({ ...nothing, event: 1 });
    for (const line of numbers(3000)) publisher.publish('telemetry', 'c', line);
    const lost = publisher.lost.telemetry;
    expect(lost).toBeGreaterThan(1000);
    await proxy.heal();
    await publisher.flush();
    await until('the records', () => reader.messages.length >= 3000 - lost);
    expect(reader.lines()).toEqual(numbers(3000 - lost, lost));
    expect(given).toEqual([`event c ${'x'.repeat(25_000)}`, ...numbers(lost).map(line => `telemetry c ${line}`)]);
    expect(count(/records are not published/)).toBe(1);
  });

  it('that Redis refuses are counted as lost, exactly', async () => {
    const admin = server.client();
    await admin.acl('SETUSER', 'narrow', 'on', '>secret', '&allowed', '+publish', '+ping');
    const { log: kept, count, text } = collectedLog();
    await using reader = await follow({ redis, channels: ['allowed', 'forbidden'] });
    await using publisher = openRedisPublisher({
      redis: { ...redis, username: 'narrow', password: 'secret' },
      producerId: 'p',
      log: kept,
    });
    const given: string[] = [];
    publisher.onLost((_kind, _channel, line) => given.push(line));
    for (const line of numbers(100)) publisher.publish('event', Number(line) % 3 === 0 ? 'forbidden' : 'allowed', line);
    await publisher.flush();
    await until('the records', () => reader.messages.length >= 66);
    expect(given).toEqual(numbers(100).filter(line => Number(line) % 3 === 0));
    expect(publisher.lost).toEqual({ ...nothing, event: 34 });
    expect(count(/records are not published.*/)).toBe(1);
    expect(text()).toContain('NOPERM');
    expect(text()).not.toContain('secret');
  });

  it('are heard again after Redis was killed and has come back', async () => {
    await using own = await startRedis();
    const settings = { host: own.host, port: own.port };
    const { log: kept, count } = collectedLog();
    await using reader = await follow({
      redis: settings,
      patterns: ['t/*', 'u/*'],
      channels: ['c'],
      log: kept,
      name: 'recorder',
    });
    expect(await own.client().client('LIST')).toContain('name=recorder');
    await own.kill();
    await until('the loss is noticed', () => reader.states.length === 2);
    await own.restart();
    await reader.subscribed();
    expect(reader.states).toEqual([true, false, true]);
    expect(count(/"reason":.*"no connection to Redis; trying again"/)).toBe(1);
    expect(count(/connected to Redis again/)).toBe(1);
    const client = own.client();
    for (const channel of ['t/a', 'c', 'u/b', 'x']) await client.publish(channel, 'line');
    await until('the records', () => reader.messages.length >= 3);
    expect(reader.messages.map(({ channel }) => channel)).toEqual(['t/a', 'c', 'u/b']);
  });

  it('are heard of channels and patterns that are followed later, also after a reconnect, until they are followed no longer', async () => {
    await using own = await startRedis();
    await using reader = await follow({ redis: { host: own.host, port: own.port }, channels: ['c'] });
    const client = own.client();
    await reader.follow({ channels: ['d', 'c'], patterns: ['p/*', 'p/\\*'] });
    expect([await client.publish('d', '1'), await client.publish('p/*', '2'), await client.publish('c', '3')]).toEqual([1, 2, 1]);
    await own.kill();
    await until('the loss is noticed', () => reader.states.length === 2);
    const later = reader.follow({ channels: ['e'] });
    await own.restart();
    await later;
    expect(reader.states).toEqual([true, false, true]);
    reader.unfollow({ channels: ['d', 'x'], patterns: ['p/*'] });
    await until('less to be followed', async () => Number(await client.pubsub('NUMPAT')) === 1);
    expect(await client.pubsub('CHANNELS')).toEqual(expect.arrayContaining(['c', 'e']));
    for (const channel of ['d', 'p/*', 'e']) await client.publish(channel, 'after');
    await until('the records', () => reader.messages.length >= 6);
    expect(reader.messages.map(({ channel }) => channel)).toEqual(['d', 'p/*', 'p/*', 'c', 'p/*', 'e']);
    await expect(reader.follow({ channels: ['f'] }, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it('do not pile up in Redis while their consumer fails or is slow: the socket is read all the same', async () => {
    const { log: kept, count } = collectedLog();
    let seen = 0;
    await using _ = await follow({
      redis,
      channels: ['c'],
      log: kept,
      onMessages: batch => {
        seen += batch.length;
        throw new Error('the disk is full');
      },
    });
    await using publisher = openRedisPublisher({ redis, producerId: 'p', log });
    for (const line of numbers(1000)) publisher.publish('event', 'c', line);
    await publisher.flush();
    await until('the records', () => seen === 1000);
    expect(count(/messages could not be taken/)).toBe(1);
  });
});

describe('a publisher', () => {
  it('takes lines before there is a Redis, and gives up in time when there never is one', async () => {
    const { log: kept, text } = collectedLog();
    const publisher = openRedisPublisher({
      redis: { host: '127.0.0.1', port: 1 },
      producerId: 'p',
      log: kept,
      closeTimeout: 0.1,
    });
    for (const line of numbers(10)) publisher.publish('trace', 'c', line);
    await publisher[Symbol.asyncDispose]();
    await publisher[Symbol.asyncDispose]();
    expect(publisher.lost).toEqual({ ...nothing, trace: 10 });
    publisher.publish('trace', 'c', 'late');
    expect(publisher.lost.trace).toBe(11);
    expect(text()).toContain('no Redis at 127.0.0.1:1 (connection refused): see galileo_redis_host');
    expect(text()).toContain('Redis did not take all records within 0.1 s');
  });

  it('counts refused lines of a Redis that is out of memory or read-only, and goes on', async () => {
    const errors = ['-OOM command not allowed when used memory > maxmemory.\r\n', '-READONLY no writes here.\r\n', ':0\r\n'];
    let n = 0;
    await using scripted = await startScriptedRedis(words => (words[0] === 'PUBLISH' ? errors[n++ % 3] : '+PONG\r\n'));
    await using publisher = openRedisPublisher({ redis: scripted.settings, producerId: 'p', log });
    for (const line of numbers(30)) publisher.publish('telemetry', 'c', line);
    await publisher.flush();
    expect(publisher.lost).toEqual({ ...nothing, telemetry: 20 });
    expect(publisher.uncertain).toEqual(nothing);
  });

  it('does not send again what a broken connection has taken, and says how much that is', async () => {
    const seen: string[] = [];
    await using scripted = await startScriptedRedis((words, socket) => {
      if (words[0] !== 'PUBLISH') return '+PONG\r\n';
      seen.push(words[2]!);
      if (seen.length === 10) socket.destroy();
      return seen.length < 8 ? ':1\r\n' : undefined;
    });
    const { log: kept, count } = collectedLog();
    await using publisher = openRedisPublisher({ redis: scripted.settings, producerId: 'p', log: kept });
    await until('the connection', () => publisher.connected);
    for (const line of numbers(10)) publisher.publish('trace', 'c', line);
    await publisher.flush();
    expect(seen).toEqual(numbers(10));
    expect(publisher.uncertain.trace).toBeGreaterThanOrEqual(3);
    expect(publisher.lost).toEqual(nothing);
    expect(count(/"records":\d+,"msg":"the connection to Redis broke before these records/)).toBe(1);
  });

  it('keeps within its window what is under way', async () => {
    let open = 0;
    let most = 0;
    await using scripted = await startScriptedRedis((words, socket) => {
      if (words[0] !== 'PUBLISH') return '+PONG\r\n';
      open += words[2]!.length;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= words[2]!.length;
        socket.write(':1\r\n');
      });
      return undefined;
    });
    await using publisher = openRedisPublisher({ redis: scripted.settings, producerId: 'p', log });
    for (let i = 0; i < 3000; i++) publisher.publish('trace', 'c', 'x'.repeat(1000));
    await publisher.flush();
    expect(publisher.lost).toEqual(nothing);
    expect(most).toBeLessThan(400 * 1024);
  });
});

describe('a reader', () => {
  it.concurrent.each([
    ['loads its data', '-LOADING Redis is loading the dataset in memory\r\n', 'is still loading its data'],
    ['has lost its master', '-MASTERDOWN Link with MASTER is down\r\n', 'is a replica that has lost its master'],
    ['is in protected mode', '-DENIED Redis is running in protected mode\r\n', 'is in protected mode'],
    ['does not speak its protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'this is no Redis at 127.0.0.1:'],
    ['forbids the channels', undefined, 'refuses: NOPERM'],
  ])('of a server that %s says so once and tries again until it gets in', async (_, greeting, reason) => {
    let refused = false;
    const refuse = (text: string, otherwise: string) => {
      const answer = refused ? otherwise : text;
      refused = true;
      return answer;
    };
    await using scripted = await startScriptedRedis(words => {
      if (words[0] === 'CLIENT') return '+OK\r\n';
      if (words[0] === 'PING') return greeting === undefined ? '+PONG\r\n' : refuse(greeting, '+PONG\r\n');
      const subscribed = '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n';
      return refuse('-NOPERM this user has no permissions to access one of the channels\r\n', subscribed);
    });
    const { log: kept, count, text } = collectedLog();
    await using _reader = await follow({ redis: scripted.settings, channels: ['c'], log: kept });
    expect(refused).toBe(true);
    expect(text()).toContain(reason);
    expect(count(/no connection to Redis; trying again/)).toBe(1);
    expect(count(/connected to Redis again/)).toBe(1);
  });

  it('takes a message that came in one piece with the subscription', async () => {
    await using scripted = await startScriptedRedis(words =>
      words[0] === 'SUBSCRIBE'
        ? '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n'
        : '+PONG\r\n',
    );
    await using reader = await follow({ redis: scripted.settings, channels: ['c'] });
    await until('the message', () => reader.messages.length > 0);
    expect(reader.messages).toEqual([{ channel: 'c', line: 'hi' }]);
  });

  it('ends while it connects', async () => {
    const reader = openRedisReader({ redis: { host: '127.0.0.1', port: 1 }, log, channels: ['c'], onMessages() {} });
    await expect(reader.subscribed(AbortSignal.timeout(20))).rejects.toThrow('timeout');
    const waiting = reader.subscribed();
    const told = expect(waiting).rejects.toThrow();
    await reader[Symbol.asyncDispose]();
    await told;
  });
});
