import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificates, createCertificates, temporaryDirectory } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from './config.ts';
import { type CredentialsConfig, credentialsOf } from './credentials.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let made: Certificates;
const path = (name: string) => join(directory.path, name);

beforeAll(async () => {
  directory = await temporaryDirectory();
  made = await createCertificates(directory.path);
  await writeFile(path('garbage'), 'the content is a secret');
  await writeFile(path('broken'), '-----BEGIN CERTIFICATE-----\nc2VjcmV0IGNvbnRlbnQ=\n-----END CERTIFICATE-----\n');
  await writeFile(path('locked'), '-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----\n');
  await copyFile(made.expired.cert, path('expired-ca'));
  await rename(made.server.key, path('key of the server'));
});
afterAll(() => directory[Symbol.asyncDispose]());

const good = (): CredentialsConfig => ({ tlsCert: made.server.cert, tlsKey: path('key of the server'), tlsCa: made.ca });

function problems(config: CredentialsConfig): readonly string[] {
  try {
    credentialsOf(config);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problem => problem.replaceAll(directory.path, '…'));
    throw error;
  }
  return [];
}

describe('credentialsOf', () => {
  test('takes a token, three files, both, or nothing', async () => {
    expect(credentialsOf({})).toEqual({ token: undefined });
    expect(credentialsOf({ token: 't' })).toEqual({ token: 't' });
    const tls = {
      cert: await readFile(made.server.cert),
      key: await readFile(path('key of the server')),
      ca: await readFile(made.ca),
    };
    expect(credentialsOf({ ...good(), token: 't' })).toEqual({ token: 't', tls });
  });

  const rows: readonly [sentence: string, change: () => CredentialsConfig, problems: (string | RegExp)[]][] = [
    [
      'names the file that is missing beside the others',
      () => ({ tlsKey: undefined }),
      ['galileo_tls_key: is not set, while galileo_tls_cert and galileo_tls_ca are; allowed: all three or none'],
    ],
    [
      'names both if two are missing',
      () => ({ tlsCert: undefined, tlsKey: undefined }),
      [
        'galileo_tls_cert: is not set, while galileo_tls_ca is; allowed: all three or none',
        'galileo_tls_key: is not set, while galileo_tls_ca is; allowed: all three or none',
      ],
    ],
    [
      'names the path of a file that is not there',
      () => ({ tlsCa: path('nowhere') }),
      ['galileo_tls_ca: the file "…/nowhere" does not exist'],
    ],
    [
      'says that a directory is no file',
      () => ({ tlsKey: path('.') }),
      [/^galileo_tls_key: the file "…\/?" can't be read \(EISDIR\)$/],
    ],
    [
      'tells nothing of the content of a file that holds something else',
      () => ({ tlsCert: path('garbage'), tlsKey: path('garbage'), tlsCa: path('broken') }),
      [
        'galileo_tls_cert: the file "…/garbage" holds no valid certificate; allowed: a PEM file with certificates',
        'galileo_tls_key: the file "…/garbage" holds no valid private key; allowed: a PEM file with a private key',
        'galileo_tls_ca: the file "…/broken" holds no valid certificate; allowed: a PEM file with certificates',
      ],
    ],
    [
      'refuses a key that needs a passphrase',
      () => ({ tlsKey: path('locked') }),
      ['galileo_tls_key: the file "…/locked" holds a key with a passphrase; allowed: a private key without one'],
    ],
    [
      'says when a certificate has expired',
      () => ({ tlsCert: made.expired.cert, tlsKey: made.expired.key }),
      [/^galileo_tls_cert: the file "….expired\.crt" holds a certificate that expired at \d{4}-\d\d-\d\dT[\d:.]+Z$/],
    ],
    [
      'refuses the key of another certificate',
      () => ({ tlsKey: made.client.key }),
      ['galileo_tls_key: the file "…/client.key" holds a key that does not belong to the certificate of galileo_tls_cert'],
    ],
    [
      'says when all authorities have expired',
      () => ({ tlsCa: path('expired-ca') }),
      [/^galileo_tls_ca: the file "….expired-ca" holds no certificate that is valid now; its first one expired at \d{4}-/],
    ],
  ];
  test.each(rows)('%s', (_, change, expected) => {
    const found = problems({ ...good(), ...change() });
    expect(found).toEqual(expected.map(text => (typeof text === 'string' ? text : expect.stringMatching(text))));
    expect(found.join()).not.toMatch(/content|c2VjcmV0/);
  });
});
