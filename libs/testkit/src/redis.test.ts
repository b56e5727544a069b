import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, createCertificates } from './certificates.ts';
import { missing } from './missing.ts';
import { startRedis } from './redis.ts';
import { startServer } from './server.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

describe.skipIf(missing('redis-server'))('startRedis (needs redis-server)', () => {
  let directory: TemporaryDirectory;
  let certificates: Certificates;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    certificates = await createCertificates(directory.path);
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it('is a Redis of its own, and comes back empty on the same port after its death', async () => {
    await using redis = await startRedis();
    const { pid, address } = redis;
    const client = redis.client();
    await client.set('key', 'value');
    expect(await client.info('server')).toContain(`process_id:${pid}`);
    expect(await redis.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    await redis.restart();
    expect(redis.address).toBe(address);
    expect(redis.pid).not.toBe(pid);
    expect(await redis.client().get('key')).toBeNull();
  });

  it('restarts while it runs, and stops in order', async () => {
    await using redis = await startRedis();
    await redis.restart();
    redis.pause();
    expect(await redis.stop()).toEqual({ code: 0, signal: null });
  });

  it('keeps its silence while it is paused, and answers afterwards', async () => {
    await using redis = await startRedis();
    const client = redis.client();
    await client.ping();
    redis.pause();
    let answered = false;
    const reply = client.ping().then(text => {
      answered = true;
      return text;
    });
    // Another Redis answers meanwhile.
    await using other = await startRedis();
    await other.client().ping();
    expect(answered).toBe(false);
    redis.resume();
    expect(await reply).toBe('PONG');
  });

  it('wants a password, and takes more lines of redis.conf', async () => {
    const password = 'a "strange" \\ password';
    await using redis = await startRedis({ password, config: ['maxmemory 7mb', 'save 60 1'] });
    const client = redis.client();
    expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', String(7 * 1024 * 1024)]);
    const stranger = client.duplicate({ password: undefined });
    stranger.on('error', () => {});
    await expect(stranger.get('key')).rejects.toThrow('NOAUTH');
    stranger.disconnect();
  });

  it.each([
    ['without', false],
    ['with', true],
  ])('speaks TLS %s certificates of its clients', async (_, mutual) => {
    const { server, client, ca } = certificates;
    await using redis = await startRedis({ tls: mutual ? { ...server, ca } : server });
    expect(await redis.client().ping()).toBe('PONG');
    const tls = { ca: readFileSync(ca), ...(mutual && { cert: readFileSync(client.cert), key: readFileSync(client.key) }) };
    const strict = redis.client().duplicate({ tls });
    expect(await strict.ping()).toBe('PONG');
    strict.disconnect();
  });

  it('says what Redis says if it does not start', async () => {
    await expect(startRedis({ config: ['no-such-line'] })).rejects.toThrow(/Bad directive/);
  });

  it('takes another port if the first was taken, unless it was told which', async () => {
    await using other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: taken } = other.address() as AddressInfo;
    await expect(startRedis({ port: taken })).rejects.toThrow(/already in use/);
    const tried: number[] = [];
    const { program, port } = await startServer({
      command(free) {
        tried.push(free);
        return ['redis-server', '--save', '', '--port', String(tried.length === 1 ? taken : free)];
      },
      port: undefined,
      listening: /Ready to accept connections/,
      answers: () => Promise.resolve(true),
    });
    await using _ = program;
    expect(tried).toEqual([expect.any(Number), port]);
  });
});
