import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, readConfig } from '@galileo/service';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { etcdSettings, etcdVariables } from './etcd-settings.ts';

const settings = (env: Record<string, string>, endpoints = ['h:2379']) => etcdSettings(readConfig(etcdVariables, env), endpoints);

test('without variables it is a plain connection without a user', () => {
  expect(settings({})).toEqual({ endpoints: ['h:2379'], username: undefined, password: undefined });
});

test('files of TLS are read', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'ca.pem');
  writeFileSync(file, 'text');
  expect(settings({ galileo_etcd_tls_ca: file }).tls).toEqual({ ca: Buffer.from('text'), cert: undefined, key: undefined });
});

test.each([
  ['a user alone', { galileo_etcd_username: 'u' }, 'galileo_etcd_username is set and galileo_etcd_password is not'],
  ['a password alone', { galileo_etcd_password: 'hidden' }, 'galileo_etcd_password is set and galileo_etcd_username is not'],
  ['a certificate alone', { galileo_etcd_tls_cert: '/dev/null' }, 'galileo_etcd_tls_cert is set and galileo_etcd_tls_key is not'],
  ['a key alone', { galileo_etcd_tls_key: '/dev/null' }, 'galileo_etcd_tls_key is set and galileo_etcd_tls_cert is not'],
  [
    'no file',
    { galileo_etcd_tls_ca: '/none' },
    'galileo_etcd_tls_ca: "/none" can\'t be read (ENOENT); allowed: a file in PEM format',
  ],
])('%s is refused', (_, env, problem) => {
  expect(() => settings(env)).toThrow(ConfigError);
  expect(() => settings(env)).toThrow(problem);
  expect(() => settings(env)).not.toThrow('hidden');
});

test('no endpoint is refused', () => {
  expect(() => settings({}, [])).toThrow('there is no endpoint of etcd');
});
