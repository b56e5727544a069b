import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { checkServerIdentity, connect, createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, createCertificates, type KeyPair } from './certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

let directory: TemporaryDirectory;
let certificates: Certificates;
beforeAll(async () => {
  directory = await temporaryDirectory();
  certificates = await createCertificates(directory.path);
});
afterAll(() => directory[Symbol.asyncDispose]());

const read = (pair: KeyPair) => ({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) });

/** Shakes hands over TCP; @returns the server's certificate if both sides trust each other. */
async function handshake(server: KeyPair, client: KeyPair, ca: string) {
  const options = { ...read(server), ca: readFileSync(ca), requestCert: true, rejectUnauthorized: false };
  await using listener = createServer(options, socket => {
    socket.on('error', () => {});
    socket.end(socket.authorized ? 'welcome' : String(socket.authorizationError));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const socket = connect({
    ...read(client),
    ca: readFileSync(ca),
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
  });
  try {
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (answer.toString() !== 'welcome') throw new Error(answer.toString());
    return socket.getPeerCertificate();
  } finally {
    socket.destroy();
  }
}

describe('createCertificates', () => {
  it('makes servers and clients that trust each other, under every name of this machine', async () => {
    const { server, client, ca } = certificates;
    const certificate = await handshake(server, client, ca);
    for (const name of ['127.0.0.1', '::1', 'localhost']) expect(checkServerIdentity(name, certificate)).toBeUndefined();
    expect(checkServerIdentity('example.org', certificate)).toBeInstanceOf(Error);
  });

  it('makes pairs that serve both ends, since a service has one for both', async () => {
    const { server, ca, foreign } = certificates;
    await handshake(server, server, ca);
    await handshake(foreign, foreign, foreign.ca);
  });

  it.each<[string, (all: Certificates) => [KeyPair, KeyPair, string], RegExp]>([
    ['a server whose certificate has expired', all => [all.expired, all.client, all.ca], /certificate has expired/],
    ['a client whose certificate has expired', all => [all.server, all.expired, all.ca], /CERT_HAS_EXPIRED/i],
    ['a server of another CA', all => [all.foreign, all.client, all.ca], /unable to verify|unable to get/],
    ['a client of another CA', all => [all.server, all.foreign, all.ca], /UNABLE_TO/],
    ['a server with the certificate of a client', all => [all.client, all.server, all.ca], /unsuitable certificate purpose/],
  ])('%s is not trusted', async (_, choose, reason) => {
    await expect(handshake(...choose(certificates))).rejects.toThrow(reason);
  });
});
