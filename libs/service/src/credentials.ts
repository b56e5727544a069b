import { ConfigError, optionalText, secret } from './config.ts';
import { readIdentity, type TlsIdentity } from './tls-files.ts';

/** What gRPC calls identify themselves with, and what a server wants of them. Both may be used together; none of it means neither. */
export interface Credentials {
  /** Bearer token that calls carry and must carry. */
  readonly token?: string | undefined;
  /** With it both sides of a connection show a certificate of the same authority. */
  readonly tls?: TlsIdentity | undefined;
}

/** Variables that `credentialsOf` makes credentials of. */
export const credentialVariables = {
  token: secret('galileo_token', { doc: 'bearer token that gRPC calls carry and must carry' }),
  tlsCert: optionalText('galileo_tls_cert', {
    doc: 'PEM file of the own certificate; with galileo_tls_key and galileo_tls_ca gRPC uses TLS with certificates on both sides',
  }),
  tlsKey: optionalText('galileo_tls_key', { doc: 'PEM file of the private key of galileo_tls_cert, without a passphrase' }),
  tlsCa: optionalText('galileo_tls_ca', { doc: 'PEM file of the authority that the certificates of others must come from' }),
};

/** What `credentialsOf` needs of a config: the values of `credentialVariables`. */
export type CredentialsConfig = { readonly [K in keyof typeof credentialVariables]?: string | undefined };

/** Makes credentials of a config, reading its files. @throws ConfigError if a file can't be used, or only some are given. */
export function credentialsOf(config: CredentialsConfig): Credentials {
  const { token, tlsCert, tlsKey, tlsCa } = config;
  const paths = { galileo_tls_cert: tlsCert, galileo_tls_key: tlsKey, galileo_tls_ca: tlsCa };
  const missing = Object.entries(paths).flatMap(([env, path]) => (path === undefined ? [env] : []));
  if (missing.length === 3) return { token };
  if (missing.length > 0) {
    const given = Object.keys(paths).filter(env => !missing.includes(env));
    throw new ConfigError(
      missing.map(
        env => `${env}: is not set, while ${given.join(' and ')} ${given.length > 1 ? 'are' : 'is'}; allowed: all three or none`,
      ),
    );
  }
  const tls = readIdentity({
    cert: { env: 'galileo_tls_cert', path: tlsCert! },
    key: { env: 'galileo_tls_key', path: tlsKey! },
    ca: { env: 'galileo_tls_ca', path: tlsCa! },
  });
  return { token, tls };
}
