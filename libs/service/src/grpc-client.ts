import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import {
  type CallOptions,
  type Channel,
  ChannelCredentials,
  type Client,
  type ClientMiddlewareCall,
  type CompatServiceDefinition,
  createChannel,
  createClientFactory,
  Metadata,
} from 'nice-grpc';
import { splitAddress } from './addresses.ts';
import { createExplainer, type Explainer } from './connection-error.ts';
import type { Credentials } from './credentials.ts';
import { compatible, version, versionKey } from './version.ts';

export interface ConnectOptions {
  /** What calls identify themselves with; nothing unless told. */
  readonly credentials?: Credentials;
  /** Time-out of calls that are not streams, seconds; 10 unless told. */
  readonly timeout?: number;
  /** Takes a certificate of the authority for any host: for a program that calls itself. */
  readonly anyHost?: boolean;
}

/** A typed client over one channel; disposing it closes the channel. */
export interface Connection<D extends CompatServiceDefinition> extends Disposable {
  readonly address: string;
  readonly client: Client<D>;
}

/** The two sides of a call speak incompatible versions. */
export class VersionMismatchError extends Error {
  readonly theirs: string;
  constructor(address: string, theirs: string) {
    super(`${address} runs version ${theirs} of Galileo, this is version ${version}`);
    this.name = 'VersionMismatchError';
    this.theirs = theirs;
  }
}

/** `READY` of grpc-js's connectivity states. */
const ready = 2;

/** Adds token and version to calls, and a time-out to those that are not streams; explains why a call could not be made. */
function decorate(address: string, options: ConnectOptions, channel: Channel, explainer: Explainer) {
  return async function* <Request, Response>(call: ClientMiddlewareCall<Request, Response>, callOptions: CallOptions) {
    const metadata = Metadata(callOptions.metadata).set(versionKey, version);
    const token = options.credentials?.token;
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    const streams = call.requestStream || call.responseStream;
    const timeout = AbortSignal.timeout((options.timeout ?? 10) * 1000);
    const mismatch = new AbortController();
    const signals = [mismatch.signal, callOptions.signal, streams ? undefined : timeout].filter(signal => signal !== undefined);
    const onHeader = (header: Metadata) => {
      const theirs = header.get(versionKey);
      if (theirs !== undefined && !compatible(theirs, version)) mismatch.abort(new VersionMismatchError(address, theirs));
      callOptions.onHeader?.(header);
    };
    let answered = false;
    const onTrailer = (trailer: Metadata) => {
      answered = trailer.has(versionKey);
      callOptions.onTrailer?.(trailer);
    };
    const signal = AbortSignal.any(signals);
    try {
      return yield* call.next(call.request as never, { ...callOptions, metadata, onHeader, onTrailer, signal });
    } catch (error) {
      if (mismatch.signal.aborted) throw mismatch.signal.reason;
      if (callOptions.signal?.aborted) throw error;
      if (!streams && timeout.aborted) {
        const why = channel.getConnectivityState(false) === ready ? undefined : await explainer.find(callOptions.signal);
        const message = `${address} did not answer ${call.method.path} within ${options.timeout ?? 10} s`;
        throw new Error(why === undefined ? message : `${message}: ${why}`, { cause: error });
      }
      throw await explainer.explain(error, answered, callOptions.signal);
    }
  };
}

/** What a channel needs for TLS with these credentials, expecting a certificate for the host of the address. */
function secured(address: string, { tls }: Credentials, anyHost: boolean) {
  if (tls === undefined) return { credentials: ChannelCredentials.createInsecure(), options: {} };
  const { host } = splitAddress(address);
  const credentials = ChannelCredentials.createSsl(tls.ca, tls.key, tls.cert, {
    checkServerIdentity: (_name, certificate) => (anyHost ? undefined : checkServerIdentity(host, certificate)),
  });
  // TLS knows server names for hosts that have a name (RFC 6066, section 3): grpc-js would send an IP address as one, and
  // Node would warn of it. What is sent instead is not looked at; the certificate is checked against the address above.
  return { credentials, options: isIP(host) ? { 'grpc.ssl_target_name_override': 'localhost' } : {} };
}

/** Connects to a service; nothing is sent before the first call. */
export function connect<D extends CompatServiceDefinition>(
  definition: D,
  address: string,
  options: ConnectOptions = {},
): Connection<D> {
  const { credentials = {}, anyHost = false } = options;
  const security = secured(address, credentials, anyHost);
  const channel = createChannel(address, security.credentials, {
    ...security.options,
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': 64 * 1024 * 1024,
    'grpc.initial_reconnect_backoff_ms': 100,
    // Despite its name nice-grpc takes this for the deadline of a connection attempt.
    'grpc.min_reconnect_backoff_ms': 5000,
    'grpc.max_reconnect_backoff_ms': 2000,
    'grpc.keepalive_time_ms': 20_000,
    // Services reach each other directly: a proxy for the web, as grpc-js takes it from http_proxy, knows none of them.
    'grpc.enable_http_proxy': 0,
  });
  const explainer = createExplainer(address, credentials);
  const client = createClientFactory()
    .use(decorate(address, options, channel, explainer))
    .create(definition, channel);
  return { address, client, [Symbol.dispose]: () => channel.close() };
}
