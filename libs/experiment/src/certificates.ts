import { X509Certificate } from 'node:crypto';

/** The certificates of a file as text. @throws Error if there is none in it */
export function certificatesOf(content: Uint8Array): string {
  const pem = Buffer.from(content).toString();
  try {
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return new X509Certificate(pem) && pem;
  } catch {
    // Said below.
  }
  throw new Error('found no certificate in it; allowed: certificates, PEM');
}
