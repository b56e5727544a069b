import { isIP } from 'node:net';
import { RespProtocolError } from './resp.ts';
import { type RedisSettings, redisAddress } from './settings.ts';

/** Redis can't be used as it is set up, or not now. The message names HOST:PORT and what to set, never the password. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  /** HOST:PORT. */
  readonly address: string;
  /** True if trying again soon is of no use, because somebody has to change something first: a wrong password, say. */
  readonly lasting: boolean;
  constructor(address: string, message: string, options: { readonly lasting?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.address = address;
    this.lasting = options.lasting ?? false;
  }
}

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

const unresolved = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);

function tlsReason(code: string, message: string, address: string, host: string): string | undefined {
  if (untrusted.has(code)) {
    return `the certificate of Redis at ${address} is not signed by a trusted authority (${code}): set galileo_redis_tls_ca`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of Redis at ${address} is not for ${isIP(host) ? `the address ${host}` : JSON.stringify(host)}: set galileo_redis_host to a name that it holds`;
  }
  if (code.startsWith('CERT_')) return `the certificate of Redis at ${address} is not valid (${code})`;
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code)) {
    return `Redis at ${address} wants a certificate of its clients (${code}): set tls-auth-clients to no or optional there`;
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|HTTP_REQUEST/.test(code)) {
    return `Redis at ${address} does not speak TLS on this port: set galileo_redis_tls=false, or galileo_redis_port to its TLS port`;
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return `no TLS with Redis at ${address}: ${message}`;
  return undefined;
}

/** The other side did not speak Redis' protocol; `alert`: what came was the beginning of a record of TLS. */
function foreignError(settings: RedisSettings, alert: boolean, cause: Error): RedisError {
  const address = redisAddress(settings);
  const message =
    alert && settings.tls === undefined
      ? `Redis at ${address} speaks TLS on this port: set galileo_redis_tls=true`
      : `this is no Redis at ${address}: ${cause.message}`;
  return new RedisError(address, message, { lasting: true, cause });
}

/** The connection ended; `answered`: Redis had let us in. A TLS port hangs up on plain text, mostly without a word. */
export function brokenError(settings: RedisSettings, answered: boolean, code?: string): RedisError {
  const address = redisAddress(settings);
  const how =
    code === undefined ? `Redis at ${address} ended the connection` : `the connection to Redis at ${address} broke (${code})`;
  if (answered) return new RedisError(address, how);
  const hint = settings.tls === undefined ? ' (if it speaks TLS on this port, set galileo_redis_tls=true)' : '';
  return new RedisError(address, `${how} before it had answered${hint}`);
}

/** There was no connection in time. A plain port waits for the rest of what it takes for a command. */
export function lateError(settings: RedisSettings): RedisError {
  const address = redisAddress(settings);
  const hint = settings.tls === undefined ? '' : ' (if it does not speak TLS on this port, set galileo_redis_tls=false)';
  return new RedisError(address, `no connection to Redis at ${address} in time${hint}`);
}

/** Says in plain words why a connection failed or broke; `answered`: Redis had let us in. */
export function connectionError(error: unknown, settings: RedisSettings, answered = true): RedisError {
  if (error instanceof RedisError) return error;
  if (error instanceof RespProtocolError) return foreignError(settings, error.byte === 0x15, error);
  if (error instanceof AggregateError && error.errors.length > 0) return connectionError(error.errors[0], settings, answered);
  const address = redisAddress(settings);
  const { code: found, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: '', message: String(error) };
  const code = typeof found === 'string' ? found : '';
  const tls = tlsReason(code, message, address, settings.host);
  if (tls !== undefined) return new RedisError(address, tls, { lasting: true, cause: error });
  // Of ioredis' parser.
  if (error instanceof Error && error.name === 'ParserError') return foreignError(settings, message.includes('\\u0015'), error);
  if (code === 'ECONNREFUSED') {
    return new RedisError(address, `no Redis at ${address} (connection refused): see galileo_redis_host and galileo_redis_port`);
  }
  if (code === 'ETIMEDOUT') return lateError(settings);
  if (unresolved.has(code)) {
    return new RedisError(address, `the host of Redis, ${JSON.stringify(settings.host)}, is not known: see galileo_redis_host`);
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return brokenError(settings, answered, code);
  return new RedisError(address, `no connection to Redis at ${address}: ${message}`, { cause: error });
}

/** True for the reply of a server that takes everybody to a password. */
export const isSuperfluous = (text: string) => /no password is set|without any password/.test(text);

/** Says what an error reply to AUTH means. Its text is not repeated: it may hold what was sent. */
export function authError(text: string, settings: RedisSettings): RedisError {
  return replyError(/^(LOADING|MASTERDOWN|DENIED)/.test(text) ? text : 'WRONGPASS', settings);
}

/** Says what an error reply means. */
export function replyError(text: string, settings: RedisSettings): RedisError {
  const address = redisAddress(settings);
  const lasting = { lasting: true };
  const code = /^[A-Z]+/.exec(text)?.[0];
  if (code === 'NOAUTH')
    return new RedisError(address, `Redis at ${address} asks for a password: set galileo_redis_password`, lasting);
  if (code === 'WRONGPASS' || /invalid password/i.test(text)) {
    const set = 'galileo_redis_username and galileo_redis_password';
    return new RedisError(address, `Redis at ${address} refuses the user or the password: check ${set}`, lasting);
  }
  if (code === 'DENIED') {
    const message = `Redis at ${address} is in protected mode and takes connections of its own machine only: give it a password`;
    return new RedisError(address, message, lasting);
  }
  if (code === 'LOADING') return new RedisError(address, `Redis at ${address} is still loading its data`);
  if (code === 'MASTERDOWN') return new RedisError(address, `Redis at ${address} is a replica that has lost its master`);
  const told = settings.password === undefined ? text : text.replaceAll(settings.password, '[redacted]');
  return new RedisError(address, `Redis at ${address} refuses: ${told.slice(0, 200)}`, { lasting: code === 'NOPERM' });
}
