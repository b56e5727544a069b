import type { RequestFiles } from './request-files.ts';
import type { HttpRequestInFile } from './schema.ts';

/** What takes more than HTTP/1.1 over plain TCP. Empty texts and 0 stand for what was not given. */
export interface HttpOptions {
  scheme: 'http' | 'https';
  /** Texts are PEM. */
  tls: { ca: string; cert: string; key: string; serverName: string; insecure: boolean } | undefined;
  http2: boolean;
  maxRedirects: number;
  cookies: boolean;
  proxy: string;
}

/** Undefined if nothing of it is asked for. `files` are those that the request names. */
export function httpOptions(request: HttpRequestInFile, { certificates }: RequestFiles): HttpOptions | undefined {
  const { scheme, tls, http2, redirects, cookies, proxy = '' } = request;
  if (scheme === 'http' && redirects === 0 && !cookies && proxy === '') return undefined;
  const textOf = (file: string | undefined) => (file === undefined ? '' : certificates.get(file)!);
  const tlsOptions = tls && {
    ca: textOf(tls.ca_file),
    cert: textOf(tls.cert_file),
    key: tls.key ?? '',
    serverName: tls.server_name ?? '',
    insecure: tls.insecure,
  };
  return { scheme, tls: tlsOptions, http2, maxRedirects: redirects, cookies, proxy };
}
