import { readFileSync } from 'node:fs';
import { ConfigError, optionalText, secret } from '@galileo/service';

/** Variables of a service that uses etcd, beside the one that names its endpoints. */
export const etcdVariables = {
  etcdUsername: optionalText('galileo_etcd_username', { doc: 'user at etcd' }),
  etcdPassword: secret('galileo_etcd_password', { doc: 'password at etcd' }),
  etcdTlsCa: optionalText('galileo_etcd_tls_ca', {
    doc: "file (PEM) of the authority that signed etcd's certificate; with it etcd is reached over TLS",
  }),
  etcdTlsCert: optionalText('galileo_etcd_tls_cert', { doc: "file (PEM) of the client's certificate for etcd" }),
  etcdTlsKey: optionalText('galileo_etcd_tls_key', { doc: "file (PEM) of the key of the client's certificate for etcd" }),
};

/** Where etcd is and how it is entered. */
export interface EtcdSettings {
  /** HOST:PORT each; one that answers is used. */
  readonly endpoints: readonly string[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM. Without it the connection is plain. */
  readonly tls?: { readonly ca?: Buffer | undefined; readonly cert?: Buffer | undefined; readonly key?: Buffer | undefined };
}

interface EtcdConfig {
  readonly etcdUsername?: string | undefined;
  readonly etcdPassword?: string | undefined;
  readonly etcdTlsCa?: string | undefined;
  readonly etcdTlsCert?: string | undefined;
  readonly etcdTlsKey?: string | undefined;
}

/** What belongs together and is there only in part, in a sentence each. */
function halves(config: EtcdConfig): string[] {
  const problems: string[] = [];
  if ((config.etcdUsername === undefined) !== (config.etcdPassword === undefined)) {
    const [set, unset] = config.etcdUsername === undefined ? ['password', 'username'] : ['username', 'password'];
    problems.push(`galileo_etcd_${set} is set and galileo_etcd_${unset} is not; allowed: both or neither`);
  }
  if ((config.etcdTlsCert === undefined) !== (config.etcdTlsKey === undefined)) {
    const [set, unset] = config.etcdTlsCert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    problems.push(`galileo_etcd_tls_${set} is set and galileo_etcd_tls_${unset} is not; allowed: both or neither`);
  }
  return problems;
}

/**
 * Makes settings of a config; reads the files of TLS.
 * @throws ConfigError that names the variable whose file can't be read or whose counterpart is missing.
 */
export function etcdSettings(config: EtcdConfig, endpoints: readonly string[]): EtcdSettings {
  const problems = halves(config);
  const file = (variable: string, path: string | undefined) => {
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      problems.push(`${variable}: ${JSON.stringify(path)} can't be read (${code}); allowed: a file in PEM format`);
      return undefined;
    }
  };
  const ca = file(etcdVariables.etcdTlsCa.env, config.etcdTlsCa);
  const cert = file(etcdVariables.etcdTlsCert.env, config.etcdTlsCert);
  const key = file(etcdVariables.etcdTlsKey.env, config.etcdTlsKey);
  if (endpoints.length === 0) problems.push('there is no endpoint of etcd; allowed: HOST:PORT, several separated by commas');
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    endpoints,
    username: config.etcdUsername,
    password: config.etcdPassword,
    ...(ca || cert || key ? { tls: { ca, cert, key } } : {}),
  };
}
