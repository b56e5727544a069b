import { readFile } from 'node:fs/promises';
import { HttpOptions } from '@galileo/proto/client';
import { createCertificates, temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { httpOptions } from './http-options.ts';
import { RequestError } from './request-error.ts';

const checked = (fields: Parameters<typeof HttpOptions.fromPartial>[0], headers = {}) =>
  httpOptions(HttpOptions.fromPartial(fields), headers);

test('what HTTP/1.1 over plain TCP can do needs no options', () => {
  expect(httpOptions(undefined, {})).toBeUndefined();
  expect(checked({})).toBeUndefined();
  expect(checked({ scheme: 'http' })).toBeUndefined();
});

test('everything else is taken as it is given', () => {
  const proxy = 'http://us%20er:p%40ss@[::1]:3128';
  expect(checked({ scheme: 'https', http2: true, maxRedirects: 3, cookies: true, proxy })).toEqual({
    ...{ scheme: 'https', http2: true, maxRedirects: 3, cookies: true, proxy },
  });
  expect(checked({ maxRedirects: 1, tls: { insecure: true } })).toEqual({
    ...{ scheme: 'http', maxRedirects: 1, tls: { insecure: true } },
  });
  const given = checked({ scheme: 'https', tls: { serverName: 'pi.example.org' } }, { Connection: 'close' });
  expect(structuredClone(given)).toEqual({ scheme: 'https', tls: { serverName: 'pi.example.org' } });
});

test.each([
  ['another scheme', { scheme: 'ftp' }, {}, 'request.options.scheme: found "ftp"; allowed: http, https'],
  ['HTTP/2 without TLS', { http2: true }, {}, 'request.options.http2: found "true with http"; allowed: with https'],
  ['TLS that is not used', { cookies: true, tls: {} }, {}, 'request.options.tls: found "it with http"'],
  [
    'too many redirects',
    { maxRedirects: 101 },
    {},
    'request.options.max_redirects: found 101; allowed: a whole number up to 100',
  ],
  [
    'a name that is none',
    { scheme: 'https', tls: { serverName: 'a b' } },
    {},
    'tls.server_name: found "a b"; allowed: a DNS name',
  ],
  ['a key alone', { scheme: 'https', tls: { key: 'k' } }, {}, 'options.tls: found "key without cert"; allowed: both or neither'],
  [
    'an upgrade',
    { cookies: true },
    { Connection: 'upgrade' },
    'headers["Connection"]: found "upgrade"; allowed: close, keep-alive',
  ],
  ['a connection to be closed in HTTP/2', { scheme: 'https', http2: true }, { connection: 'close' }, 'allowed: none with HTTP/2'],
])('%s is refused', (_, fields, headers, message) => {
  expect(() => checked(fields, headers)).toThrow(RequestError);
  expect(() => checked(fields, headers)).toThrow(message);
});

test.each([
  'https://a:1',
  'http://a',
  'a:1',
  'http://user:secret@',
  'http://user:secret@a:1/path',
  'http://user:secret%zz@a:1',
  'http://user:secret@a:99999',
])('the proxy %s is refused, and its password is not told', proxy => {
  expect(() => checked({ proxy })).toThrow('request.options.proxy: found');
  expect(() => checked({ proxy })).not.toThrow('secret');
});

test('certificates and keys have to fit, and are not told', async () => {
  await using directory = await temporaryDirectory();
  const files = await createCertificates(directory.path);
  const read = (path: string) => readFile(path, 'utf8');
  const [ca, cert, key, other] = await Promise.all([files.ca, files.client.cert, files.client.key, files.foreign.key].map(read));
  const https = (tls: Record<string, string>) => checked({ scheme: 'https', tls });
  expect(https({ ca: `${ca}${cert}`, cert: cert!, key: key! })).toEqual({
    scheme: 'https',
    tls: { ca: `${ca}${cert}`, cert, key },
  });
  expect(() => https({ ca: 'secret' })).toThrow('options.tls.ca: found "6 characters"; allowed: certificates, PEM');
  expect(() => https({ ca: ca!.replace(/[A-Z]{4}/, '----') })).toThrow('options.tls.ca: found');
  expect(() => https({ cert: cert!, key: 'secret' })).toThrow('options.tls.key: found "6 characters"; allowed: a private key');
  expect(() => https({ cert: cert!, key: other! })).toThrow('options.tls.key: found "the key of another certificate"');
});
