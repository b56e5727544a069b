import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, readConfig } from '@galileo/service';
import { createCertificates, temporaryDirectory } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { busVariables, redisAddress, redisSettings, redisVariables } from './settings.ts';

const settingsOf = (env: Record<string, string>) => redisSettings(readConfig(redisVariables, env));
const problemOf = (env: Record<string, string>) => {
  try {
    settingsOf(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('the settings were taken');
};

describe('the settings of Redis', () => {
  it('are those of a local Redis unless told, and the bus is Redis', () => {
    expect(settingsOf({})).toEqual({ host: 'localhost', port: 6379 });
    expect(readConfig(busVariables, {}).bus).toBe('redis');
  });

  it('hold what is set', async () => {
    await using directory = await temporaryDirectory();
    const { ca } = await createCertificates(directory.path);
    const env = {
      galileo_redis_host: '[::1]',
      galileo_redis_port: '6380',
      galileo_redis_username: 'u',
      galileo_redis_password: 'p',
      galileo_redis_tls: 'true',
    };
    const settings = settingsOf({ ...env, galileo_redis_tls_ca: ca });
    expect(settings).toMatchObject({ host: '::1', port: 6380, username: 'u', password: 'p' });
    expect(settings.tls?.ca?.toString()).toContain('BEGIN CERTIFICATE');
    expect(redisAddress(settings)).toBe('[::1]:6380');
    expect(settingsOf(env).tls).toEqual({});
  });

  it.each([
    [
      'a port in the host',
      { galileo_redis_host: 'redis:6379' },
      'galileo_redis_host: "redis:6379" is not allowed; allowed: a host name or an IP address',
    ],
    ['a URL', { galileo_redis_host: 'redis://h' }, 'galileo_redis_host: "redis://h" is not allowed'],
    [
      'a user without a password',
      { galileo_redis_username: 'u' },
      'galileo_redis_username: is set without galileo_redis_password',
    ],
    [
      'authorities without TLS',
      { galileo_redis_tls_ca: '/ca.pem' },
      'galileo_redis_tls_ca: is set while galileo_redis_tls is false',
    ],
    [
      'a missing file',
      { galileo_redis_tls: 'true', galileo_redis_tls_ca: '/no/such.pem' },
      `galileo_redis_tls_ca: "/no/such.pem" can't be read (ENOENT)`,
    ],
  ])('refuse %s', (_, env, problem) => {
    expect(problemOf(env)).toContain(problem);
  });

  it('tell no password that stands in the host', () => {
    expect(problemOf({ galileo_redis_host: 'redis://user:hunter2@h' })).not.toContain('hunter2');
  });

  it('refuse a file that holds no certificate', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'ca.pem');
    writeFileSync(file, 'nothing');
    expect(problemOf({ galileo_redis_tls: 'true', galileo_redis_tls_ca: file })).toContain('holds no certificate');
  });
});
