import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, type ConfigOf, flag, integer, oneOf, optionalText, secret, text } from '@galileo/service';

/** Where Redis is and how one gets in. */
export interface RedisSettings {
  /** Host name or IP address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** Encrypted if present; `ca` are the trusted authorities as PEM, those of the system unless given. */
  readonly tls?: { readonly ca?: Buffer };
}

/** Variables of a service that uses Redis, to be spread into its own. */
export const redisVariables = {
  redisHost: text('galileo_redis_host', { fallback: 'localhost', doc: 'host of Redis' }),
  redisPort: integer('galileo_redis_port', { fallback: '6379', min: 1, max: 65_535, doc: 'port of Redis' }),
  redisUsername: optionalText('galileo_redis_username', { doc: 'user of Redis (ACL); the default user if unset' }),
  redisPassword: secret('galileo_redis_password', { doc: 'password of Redis' }),
  redisTls: flag('galileo_redis_tls', { fallback: 'false', doc: 'whether the connection to Redis is encrypted' }),
  redisTlsCa: optionalText('galileo_redis_tls_ca', {
    doc: 'PEM file of the authorities that Redis must be certified by; those of the system if unset',
  }),
};

/** Variables of a service that publishes or receives records: the transport, and where Redis is. */
export const busVariables = {
  bus: oneOf('galileo_bus', ['redis', 'direct'], {
    fallback: 'redis',
    doc: 'how records travel: through Redis, or over gRPC straight to the recorder',
  }),
  ...redisVariables,
};

function readAuthorities(file: string): Buffer {
  let pem: Buffer;
  try {
    pem = readFileSync(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError([`galileo_redis_tls_ca: ${JSON.stringify(file)} can't be read (${reason}); allowed: a PEM file`]);
  }
  try {
    new X509Certificate(pem);
  } catch {
    throw new ConfigError([`galileo_redis_tls_ca: ${JSON.stringify(file)} holds no certificate; allowed: a PEM file`]);
  }
  return pem;
}

/**
 * Makes settings of a service's config, and reads the file of the authorities.
 * @throws ConfigError if the file can't be read or holds no certificate, or if variables contradict each other
 */
export function redisSettings(config: ConfigOf<typeof redisVariables>): RedisSettings {
  const host = config.redisHost.replace(/^\[(.*)\]$/, '$1');
  const problems: string[] = [];
  if (/[\s/@]|^[^:]*:\d+$/.test(host)) {
    problems.push(
      `galileo_redis_host: ${JSON.stringify(host.replace(/^.*@/, '…@'))} is not allowed; allowed: a host name or an IP address (the port is galileo_redis_port)`,
    );
  }
  if (config.redisUsername !== undefined && config.redisPassword === undefined) {
    problems.push('galileo_redis_username: is set without galileo_redis_password; allowed: both or neither');
  }
  if (config.redisTlsCa !== undefined && !config.redisTls) {
    problems.push('galileo_redis_tls_ca: is set while galileo_redis_tls is false; allowed: together with galileo_redis_tls=true');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    host,
    port: config.redisPort,
    ...(config.redisUsername !== undefined && { username: config.redisUsername }),
    ...(config.redisPassword !== undefined && { password: config.redisPassword }),
    ...(config.redisTls && { tls: config.redisTlsCa === undefined ? {} : { ca: readAuthorities(config.redisTlsCa) } }),
  };
}

/** HOST:PORT of Redis, for messages and logs. */
export function redisAddress(settings: RedisSettings): string {
  return settings.host.includes(':') ? `[${settings.host}]:${settings.port}` : `${settings.host}:${settings.port}`;
}
