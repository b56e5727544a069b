import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './config.ts';

/** A program's certificate, its private key, and the certificates of the authority that it trusts, each as PEM. */
export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** A variable and the path that it holds. */
interface FileVariable {
  readonly env: string;
  readonly path: string;
}

/** The files of an identity. */
export interface TlsFiles {
  readonly cert: FileVariable;
  readonly key: FileVariable;
  readonly ca: FileVariable;
}

const named = ({ env, path }: FileVariable) => `${env}: the file ${JSON.stringify(path)}`;

/** When a certificate's time is over, or has not begun: a sentence's end; undefined if it is valid now. */
export function invalidNow(certificate: X509Certificate): string | undefined {
  const now = Date.now();
  if (now > certificate.validToDate.getTime()) return `expired at ${certificate.validToDate.toISOString()}`;
  if (now < certificate.validFromDate.getTime()) return `is not valid before ${certificate.validFromDate.toISOString()}`;
  return undefined;
}

/** Verification's codes for a certificate whose issuer is not known. */
export const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]);

/** Reads a file that a variable names. @throws ConfigError that tells variable, path and why, never what is in it */
function readNamedFile(file: FileVariable): Buffer {
  try {
    return readFileSync(file.path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `can't be read (${code ?? message})`;
    throw new ConfigError([`${named(file)} ${why}`]);
  }
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function parseCertificates(file: FileVariable, pem: Buffer): X509Certificate[] {
  const found = pem.toString('latin1').match(certificatePattern) ?? [];
  try {
    if (found.length > 0) return found.map(text => new X509Certificate(text));
  } catch {
    // What OpenSSL says of it helps nobody, and might tell of the content.
  }
  throw new ConfigError([`${named(file)} holds no valid certificate; allowed: a PEM file with certificates`]);
}

function parseKey(file: FileVariable, pem: Buffer): KeyObject {
  const text = pem.toString('latin1');
  if (text.includes('ENCRYPTED')) {
    throw new ConfigError([`${named(file)} holds a key with a passphrase; allowed: a private key without one`]);
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new ConfigError([`${named(file)} holds no valid private key; allowed: a PEM file with a private key`]);
  }
}

/**
 * Reads and checks an identity. All that is wrong is told at once.
 * @throws ConfigError if a file can't be read or parsed, a certificate is not valid now, or the key is another certificate's
 */
export function readIdentity(files: TlsFiles): TlsIdentity {
  const problems: string[] = [];
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const cert = attempt(() => readNamedFile(files.cert));
  const key = attempt(() => readNamedFile(files.key));
  const ca = attempt(() => readNamedFile(files.ca));
  // The first certificate of the file is the own one; those of intermediate authorities may follow.
  const own = cert && attempt(() => parseCertificates(files.cert, cert))?.[0];
  const secret = key && attempt(() => parseKey(files.key, key));
  const authorities = ca && attempt(() => parseCertificates(files.ca, ca));
  const untimely = own && invalidNow(own);
  if (untimely !== undefined) problems.push(`${named(files.cert)} holds a certificate that ${untimely}`);
  if (own && secret && !own.checkPrivateKey(secret)) {
    problems.push(`${named(files.key)} holds a key that does not belong to the certificate of ${files.cert.env}`);
  }
  // Of several authorities some may be out of use; when none is valid, nobody can be.
  if (authorities?.every(authority => invalidNow(authority) !== undefined)) {
    problems.push(`${named(files.ca)} holds no certificate that is valid now; its first one ${invalidNow(authorities[0]!)}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { cert: cert!, key: key!, ca: ca! };
}
