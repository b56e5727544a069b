import { webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { X509Certificate } from '@peculiar/x509';

/** Paths of a certificate and its private key (PEM). */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/**
 * PEM files. Servers' certificates are for 127.0.0.1, ::1 and localhost. Each pair serves both ends, server and client, since
 * our services use one for both, except `client`, which is a client's alone.
 */
export interface Certificates {
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
  /** Of the same CA, valid until yesterday. */
  readonly expired: KeyPair;
  /** Of another CA, `foreign.ca`. */
  readonly foreign: KeyPair & { readonly ca: string };
}

const day = 24 * 3600 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Makes a CA, certificates of it, and some that must not be trusted, as files in `directory`, which is made if it is not there. */
export async function createCertificates(directory: string): Promise<Certificates> {
  // Loaded only here: it takes a while, and most tests need no certificates. The first is what the second needs of the runtime.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  await mkdir(directory, { recursive: true });
  const now = Date.now();

  async function write(name: string, cert: X509Certificate, privateKey: webcrypto.CryptoKey): Promise<KeyPair> {
    const pair = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
    const exported = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
    await writeFile(pair.cert, `${cert.toString('pem')}\n`);
    await writeFile(pair.key, `${x509.PemConverter.encode(exported, 'PRIVATE KEY')}\n`, { mode: 0o600 });
    return pair;
  }

  async function authority(name: string) {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      notBefore: new Date(now - 2 * day),
      notAfter: new Date(now + day),
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const { cert } = await write(name, certificate, keys.privateKey);

    return {
      file: cert,
      async issue(subject: string, usages: string[], notAfter = now + day): Promise<KeyPair> {
        const leaf = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
        const issued = await x509.X509CertificateGenerator.create({
          subject: `CN=${subject}`,
          issuer: certificate.subject,
          publicKey: leaf.publicKey,
          signingKey: keys.privateKey,
          notBefore: new Date(now - 2 * day),
          notAfter: new Date(notAfter),
          signingAlgorithm: algorithm,
          extensions: [
            new x509.BasicConstraintsExtension(false, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
            new x509.ExtendedKeyUsageExtension(usages),
            new x509.SubjectAlternativeNameExtension([
              { type: 'dns', value: 'localhost' },
              { type: 'ip', value: '127.0.0.1' },
              { type: 'ip', value: '::1' },
            ]),
            await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
            await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey),
          ],
        });
        return write(subject, issued, leaf.privateKey);
      },
    };
  }

  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const [ours, theirs] = [await authority('ca'), await authority('foreign-ca')];
  return {
    ca: ours.file,
    server: await ours.issue('server', [serverAuth, clientAuth]),
    client: await ours.issue('client', [clientAuth]),
    expired: await ours.issue('expired', [serverAuth, clientAuth], now - day),
    foreign: { ca: theirs.file, ...(await theirs.issue('foreign', [serverAuth, clientAuth])) },
  };
}
