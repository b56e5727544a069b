// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a reference to the environment is written
import { readFile } from 'node:fs/promises';
import { createCertificates, temporaryDirectory } from '@galileo/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { file, parsed, problems } from '../test/least-file.ts';

const directory = await temporaryDirectory();
const made = await createCertificates(directory.path);
const [ca, cert, key] = await Promise.all([made.ca, made.client.cert, made.client.key].map(path => readFile(path, 'utf8')));
afterAll(() => directory[Symbol.asyncDispose]());

const files: Readonly<Record<string, string>> = { 'ca.pem': ca!, 'client.pem': cert!, 'notes.txt': 'secret notes' };
const asked: string[] = [];
const environment = { KEY: key!, PASSWORD: 'hunter2', CA: 'ca.pem' };
const reads = {
  environment,
  readFile(name: string) {
    asked.push(name);
    if (files[name] === undefined) throw new Error('no such file');
    return Buffer.from(files[name]);
  },
};
const withRequest = (request: string) => file({ request });

describe('the way of a request', () => {
  it('needs nothing unless something is asked for', () => {
    expect(parsed(withRequest('{ path: /, scheme: http, redirects: 0, cookies: false }')).workloads[0]!.request).toHaveProperty(
      'options',
      undefined,
    );
  });

  it('may be TLS with certificates of files, each read once, and a key of the environment', () => {
    const request = (tls: string) => `{ path: /, scheme: https, http2: true, tls: { ${tls} } }`;
    const text = withRequest(
      request('ca_file: "${env:CA}", cert_file: client.pem, key: "${env:KEY}", server_name: pi.example.org'),
    );
    expect(parsed(text, reads).workloads[0]!.request).toHaveProperty('options', {
      scheme: 'https',
      tls: { ca, cert, key, serverName: 'pi.example.org', insecure: false },
      ...{ http2: true, maxRedirects: 0, cookies: false, proxy: '' },
    });
    expect(asked).toEqual(['ca.pem', 'client.pem']);
  });

  it('may lead through redirects and a proxy, with cookies', () => {
    const text = withRequest(
      '{ path: /, redirects: 3, cookies: true, proxy: "http://me:${env:PASSWORD}@proxy:3128", tls: { insecure: true } }',
    );
    expect(parsed(text, reads).workloads[0]!.request).toHaveProperty('options', {
      scheme: 'http',
      tls: { ca: '', cert: '', key: '', serverName: '', insecure: true },
      ...{ http2: false, maxRedirects: 3, cookies: true, proxy: 'http://me:hunter2@proxy:3128' },
    });
  });

  const refusals: readonly [why: string, request: string, wanted: string][] = [
    [
      'HTTP/2 is asked for without TLS',
      '{ path: /, http2: true }',
      'request.http2: found true with http; allowed: with scheme: https',
    ],
    ['TLS is told of that is not used', '{ path: /, tls: {} }', 'request.tls: found it with http; allowed: with scheme: https'],
    [
      'redirects are too many',
      '{ path: /, redirects: 101 }',
      'request.redirects: found 101; allowed: a whole number from 0 to 100',
    ],
    ['a proxy speaks TLS', '{ path: /, proxy: "https://p:1" }', 'request.proxy: found "https://p:1"; allowed: http://HOST:PORT'],
    ['a key has no certificate', '{ path: /, scheme: https, tls: { key: "${env:KEY}" } }', 'tls.key: found it without cert_file'],
    ['a certificate has no key', '{ path: /, scheme: https, tls: { cert_file: ca.pem } }', 'tls.cert_file: found it without key'],
    ['a file is not there', '{ path: /, scheme: https, tls: { ca_file: x.pem } }', 'tls.ca_file: "x.pem": no such file'],
    [
      'a file holds no certificate',
      '{ path: /, scheme: https, tls: { ca_file: notes.txt } }',
      'tls.ca_file: "notes.txt": found no certificate in it; allowed: certificates, PEM',
    ],
  ];
  it.each(refusals)('is refused when %s', (_, request, wanted) => {
    const found = problems(withRequest(request), reads);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(wanted);
    expect(found[0]).toMatch(/^pi\.yaml:10:\d+: workloads\[0\]\.request/);
  });

  it('has no private key in the file, and tells none', () => {
    const written = '"-----BEGIN PRIVATE KEY----- secret"';
    const found = problems(withRequest(`{ path: /, scheme: https, tls: { cert_file: client.pem, key: ${written} } }`), reads);
    expect(found).toEqual([
      'pi.yaml:10:75: workloads[0].request.tls.key: found a text of its own; allowed: ${env:NAME}, so that no private key is stored with this file',
    ]);
  });

  it('has no files unless they are handed in', () => {
    expect(problems(withRequest('{ path: /, scheme: https, tls: { ca_file: ca.pem } }'))).toEqual([
      'pi.yaml:10:56: workloads[0].request.tls.ca_file: "ca.pem": its content is not there; allowed: a file whose content is handed in with the experiment file',
    ]);
  });
});
