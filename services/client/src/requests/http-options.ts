import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { HttpOptions as Given, TlsOptions as GivenTls } from '@galileo/proto/client';
import { RequestError } from './request-error.ts';

/** How a request goes over more than HTTP/1.1 on plain TCP. Plain data. */
export interface HttpOptions {
  readonly scheme: 'http' | 'https';
  readonly tls?: TlsOptions;
  /** HTTP/2, which the server has to agree to. */
  readonly http2?: boolean;
  /** Redirects that are followed; none unless told. */
  readonly maxRedirects?: number;
  /** Are cookies kept and sent back, for each client on its own? */
  readonly cookies?: boolean;
  /** `http://[USER[:PASSWORD]@]HOST:PORT`. */
  readonly proxy?: string;
}

/** What TLS checks and shows. Texts are PEM. */
interface TlsOptions {
  /** Certificates to trust in place of those that Node trusts. */
  readonly ca?: string;
  /** The client's certificate and its private key: both or neither. */
  readonly cert?: string;
  readonly key?: string;
  /** Name to ask for, which has to be in the server's certificate; that of the target unless told. */
  readonly serverName?: string;
  /** Is whatever certificate there is taken? */
  readonly insecure?: boolean;
}

const mostRedirects = 100;
const proxyPattern = /^http:\/\/(?:[^@/?#\s]*@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}\/?$/;
const dnsName = /^(?=.{1,253}$)[\w-]+(?:\.[\w-]+)*$/;
const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Texts that may hold a secret are not shown. */
const notShown = (text: string) => `${text.length} characters`;

function checkCertificates(field: string, pem: string): X509Certificate {
  const allowed = 'certificates, PEM';
  const blocks = pem.match(pemBlock);
  if (blocks === null) throw new RequestError(field, notShown(pem), allowed);
  try {
    const [first] = blocks.map(block => new X509Certificate(block));
    return first!;
  } catch {
    throw new RequestError(field, notShown(pem), allowed);
  }
}

function checkKey(certificate: X509Certificate, key: string): void {
  const field = 'options.tls.key';
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new RequestError(field, notShown(key), 'a private key that is not encrypted, PEM');
  }
  if (!fits) throw new RequestError(field, 'the key of another certificate', 'that of options.tls.cert');
}

function tlsOptions({ ca, cert, key, serverName, insecure }: GivenTls): TlsOptions {
  if (ca !== '') checkCertificates('options.tls.ca', ca);
  if ((cert === '') !== (key === '')) {
    const [found, missing] = cert === '' ? ['key', 'cert'] : ['cert', 'key'];
    throw new RequestError('options.tls', `${found} without ${missing}`, 'both or neither');
  }
  if (cert !== '') checkKey(checkCertificates('options.tls.cert', cert), key);
  if (serverName !== '' && !dnsName.test(serverName)) {
    throw new RequestError('options.tls.server_name', serverName, 'a DNS name');
  }
  return {
    ...(ca !== '' && { ca }),
    ...(cert !== '' && { cert, key }),
    ...(serverName !== '' && { serverName }),
    ...(insecure && { insecure }),
  };
}

function checkProxy(proxy: string): void {
  const url = proxyPattern.test(proxy) ? URL.parse(proxy) : null;
  try {
    if (url !== null) {
      decodeURIComponent(url.username + url.password);
      return;
    }
  } catch {
    // Not what percent signs stand for.
  }
  // What precedes an @ may be a password.
  throw new RequestError('options.proxy', proxy.replace(/^.*@/s, '…@'), 'http://HOST:PORT or http://USER:PASSWORD@HOST:PORT');
}

/** What the sender has to decide about a connection can't be asked for by a header. */
function checkConnection(headers: Readonly<Record<string, string>>, http2: boolean): void {
  const name = Object.keys(headers).find(key => key.toLowerCase() === 'connection');
  if (name === undefined) return;
  const allowed = http2 ? [] : ['close', 'keep-alive'];
  if (allowed.includes(headers[name]!.toLowerCase())) return;
  throw new RequestError(`headers[${JSON.stringify(name)}]`, headers[name], http2 ? 'none with HTTP/2' : allowed.join(', '));
}

/**
 * @returns undefined if nothing is asked for that takes more than HTTP/1.1 over plain TCP.
 * @throws RequestError at the first field that does not fit.
 */
export function httpOptions(given: Given | undefined, headers: Readonly<Record<string, string>>): HttpOptions | undefined {
  if (given === undefined) return undefined;
  const { scheme: written, tls, http2, maxRedirects, cookies, proxy } = given;
  const scheme = written === '' ? 'http' : written;
  if (scheme !== 'http' && scheme !== 'https') throw new RequestError('options.scheme', written, 'http, https');
  if (http2 && scheme === 'http') throw new RequestError('options.http2', 'true with http', 'with https');
  if (maxRedirects > mostRedirects) {
    throw new RequestError('options.max_redirects', maxRedirects, `a whole number up to ${mostRedirects}, 0 for none`);
  }
  if (tls !== undefined && scheme === 'http' && maxRedirects === 0) {
    throw new RequestError('options.tls', 'it with http', 'with https, or with redirects, which may lead to it');
  }
  if (proxy !== '') checkProxy(proxy);
  if (scheme === 'http' && maxRedirects === 0 && !cookies && proxy === '') return undefined;
  checkConnection(headers, http2);
  return {
    scheme,
    ...(tls !== undefined && { tls: tlsOptions(tls) }),
    ...(http2 && { http2 }),
    ...(maxRedirects > 0 && { maxRedirects }),
    ...(cookies && { cookies }),
    ...(proxy !== '' && { proxy }),
  };
}
