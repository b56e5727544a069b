import { TelemdDefinition } from '@galileo/proto/telemd';
import { connect, waitForServing } from '@galileo/service';
import { missing, type RedisServer, startRedis, startService, until } from '@galileo/testkit';
import { parseTelemetry } from '@galileo/wire';
import { describe, expect, test } from 'vitest';
import { startRecorderDouble } from './recorder-double.ts';

const environmentOf = (redis: { host: string; port: number }, recorder: string) => ({
  galileo_grpc_listen: '127.0.0.1:0',
  galileo_recorder: recorder,
  telemd_nodename: 'n1',
  telemd_net_devices: 'lo',
  telemd_period_cpu: '50ms',
  telemd_period_ram: '50ms',
  telemd_redis_host: redis.host,
  telemd_redis_port: String(redis.port),
});

const commands = 'telemcmd/n1';
const nodes = (redis: RedisServer) => redis.client().pubsub('CHANNELS', 'telemcmd/*');
const isServing = (address: string) =>
  waitForServing(address, 0.1).then(
    () => true,
    () => false,
  );

/** What is published on a node's channels. */
async function listen(redis: RedisServer) {
  const messages: { channel: string; line: string }[] = [];
  const subscriber = redis.client();
  await subscriber.psubscribe('telem/*');
  subscriber.on('pmessage', (_pattern, channel, line) => messages.push({ channel, line }));
  return messages;
}

describe.skipIf(missing('redis-server'))('telemd in Redis (needs redis-server)', () => {
  test('its samples, its info, its commands and its announcement are there, as from the original', async () => {
    await using recorder = await startRecorderDouble();
    await using redis = await startRedis();
    const client = redis.client();
    const messages = await listen(redis);
    await using telemd = await startService('telemd', environmentOf(redis, recorder.address));
    const { grpc } = await telemd.ready();
    await waitForServing(grpc!, 10);
    await until('samples', () => messages.length > 20);
    for (const { channel, line } of messages) {
      expect(line).toMatch(/^\d+\.\d{7} -?\d[\d.e+-]*$/);
      expect(parseTelemetry(channel, line)).toMatchObject({ ok: true, value: { node: 'n1' } });
    }
    expect(recorder.samples).toEqual([]);
    expect(await nodes(redis)).toEqual([commands]);
    await until('the announcement', async () => (await client.get('galileo:service:telemd:n1')) === grpc);
    const info = await until('the info', async () => {
      const found = await client.hgetall('telemd.info:n1');
      return 'arch' in found ? found : undefined;
    });
    using connection = connect(TelemdDefinition, grpc!);
    expect((await connection.client.getNodeInfo({})).info).toEqual(info);
    for (const field of ['arch', 'boot', 'hostname', 'ram', 'cpus', 'disk', 'net']) expect(info).toHaveProperty(field);

    await client.hset('telemd.info:n1', { labels: '{}', unavailable: 'long ago', ram: '1' });
    expect(await client.publish(commands, 'info')).toBe(1);
    await until('the info anew', async () => (await client.hget('telemd.info:n1', 'ram')) === info['ram']);
    expect(await client.hgetall('telemd.info:n1')).toEqual({ ...info, labels: '{}' });

    await client.publish(commands, 'pause');
    await telemd.line('paused');
    await client.publish(commands, 'dance');
    expect(await telemd.line('an unknown command is ignored')).toMatchObject({ command: 'dance' });
    const before = messages.length;
    await client.publish(commands, 'unpause');
    await until('samples again', () => messages.length > before);

    expect(await telemd.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await nodes(redis)).toEqual([]);
    expect(await client.keys('*')).toEqual(['telemd.info:n1']);
  });

  test('all of it is there again when Redis was killed and comes back empty; meanwhile it is not serving', async () => {
    await using recorder = await startRecorderDouble();
    await using redis = await startRedis();
    await using telemd = await startService('telemd', environmentOf(redis, recorder.address));
    const { grpc } = await telemd.ready();
    await waitForServing(grpc!, 10);
    await redis.kill();
    await until('health to turn', async () => !(await isServing(grpc!)));
    await redis.restart();
    const client = redis.client();
    await waitForServing(grpc!, 10);
    await until('the announcement', async () => (await client.get('galileo:service:telemd:n1')) === grpc);
    await until('the info', async () => (await client.hget('telemd.info:n1', 'arch')) !== null);
    expect(await nodes(redis)).toEqual([commands]);
    const messages = await listen(redis);
    await until('samples', () => messages.length > 5);
    await redis.kill();
    await telemd.line('no connection to Redis; trying again');
    expect(await telemd.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('it waits for a Redis that is not there yet, and ends on SIGTERM while it does', async () => {
    await using recorder = await startRecorderDouble();
    const { host, port } = await startRedis().then(async first => {
      await first[Symbol.asyncDispose]();
      return first;
    });
    await using first = await startService('telemd', environmentOf({ host, port }, recorder.address));
    await first.line('no connection to Redis; trying again');
    expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await using telemd = await startService('telemd', environmentOf({ host, port }, recorder.address));
    await telemd.line('no connection to Redis; trying again');
    await using redis = await startRedis({ port });
    const { grpc } = await telemd.ready();
    await waitForServing(grpc!, 10);
    expect(await nodes(redis)).toEqual([commands]);
  });

  test('without a recorder of ours it publishes for others, is not serving, and ends on SIGTERM', async () => {
    await using redis = await startRedis();
    const listener = redis.client();
    const heard: string[] = [];
    listener.on('pmessage', (_pattern, channel) => heard.push(channel));
    await listener.psubscribe('telem/*');
    await using telemd = await startService('telemd', environmentOf(redis, '127.0.0.1:1'));
    const { grpc } = await telemd.ready();
    await until('samples', () => heard.length > 0);
    await expect(waitForServing(grpc!, 0.2)).rejects.toThrow('not serving');
    expect(await telemd.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await redis.client().keys('*')).toEqual([`telemd.info:${heard[0]!.split('/')[1]}`]);
  });

  test('it ends within the limit while Redis stands still', async () => {
    await using recorder = await startRecorderDouble();
    await using redis = await startRedis();
    await using telemd = await startService('telemd', environmentOf(redis, recorder.address));
    const { grpc } = await telemd.ready();
    await waitForServing(grpc!, 10);
    redis.pause();
    expect(await telemd.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    redis.resume();
  });

  test("the original's URL of Redis wins, and its password is in no log", async () => {
    await using recorder = await startRecorderDouble();
    await using redis = await startRedis({ password: 'planted-secret' });
    const environment = environmentOf({ host: 'nowhere.invalid', port: 1 }, recorder.address);
    await using telemd = await startService('telemd', {
      ...environment,
      telemd_redis_url: `redis://:planted-secret@${redis.address}`,
    });
    const { grpc } = await telemd.ready();
    await waitForServing(grpc!, 10);
    expect(await telemd.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(telemd.output()).not.toContain('planted-secret');
  });
});
