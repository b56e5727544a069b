import {
  type CallOptions,
  type Client,
  type ClientMiddlewareCall,
  type CompatServiceDefinition,
  createChannel,
  createClientFactory,
  Metadata,
} from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';
import { compatible, version, versionKey } from './version.ts';

export interface ConnectOptions {
  /** Bearer token sent with each call. */
  readonly token?: string | undefined;
  /** Time-out of calls that are not streams, seconds; 10 unless told. */
  readonly timeout?: number;
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

/** Adds token and version to calls, and a time-out to those that are not streams. */
function decorate(address: string, options: ConnectOptions) {
  return async function* <Request, Response>(call: ClientMiddlewareCall<Request, Response>, callOptions: CallOptions) {
    const metadata = Metadata(callOptions.metadata).set(versionKey, version);
    if (options.token !== undefined) metadata.set('authorization', `Bearer ${options.token}`);
    const streams = call.requestStream || call.responseStream;
    const timeout = AbortSignal.timeout((options.timeout ?? 10) * 1000);
    const mismatch = new AbortController();
    const signals = [mismatch.signal, callOptions.signal, streams ? undefined : timeout].filter(signal => signal !== undefined);
    const onHeader = (header: Metadata) => {
      const theirs = header.get(versionKey);
      if (theirs !== undefined && !compatible(theirs, version)) mismatch.abort(new VersionMismatchError(address, theirs));
      callOptions.onHeader?.(header);
    };
    try {
      return yield* call.next(call.request as never, { ...callOptions, metadata, onHeader, signal: AbortSignal.any(signals) });
    } catch (error) {
      if (mismatch.signal.aborted) throw mismatch.signal.reason;
      if (!streams && timeout.aborted) {
        throw new Error(`${address} did not answer ${call.method.path} within ${options.timeout ?? 10} s`, { cause: error });
      }
      throw error;
    }
  };
}

/** Connects to a service; nothing is sent before the first call. */
export function connect<D extends CompatServiceDefinition>(
  definition: D,
  address: string,
  options: ConnectOptions = {},
): Connection<D> {
  const channel = createChannel(address, undefined, {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': 64 * 1024 * 1024,
    'grpc.initial_reconnect_backoff_ms': 100,
    // Despite its name nice-grpc takes this for the deadline of a connection attempt.
    'grpc.min_reconnect_backoff_ms': 5000,
    'grpc.max_reconnect_backoff_ms': 2000,
    'grpc.keepalive_time_ms': 20_000,
  });
  const client = createClientFactory().use(decorate(address, options)).create(definition, channel);
  return { address, client, [Symbol.dispose]: () => channel.close() };
}

/** `ServingStatus.SERVING` of grpc.health.v1. */
const serving = 1;

/**
 * Waits until a service answers its health check with SERVING.
 * @throws Error that names the address and the last thing that went wrong, after `timeout` seconds or when `signal` aborts.
 */
export async function waitForServing(address: string, timeout: number, signal?: AbortSignal): Promise<void> {
  using connection = connect(HealthDefinition, address, { timeout: 1 });
  const until = performance.now() + timeout * 1000;
  let last = 'no answer';
  while (performance.now() < until) {
    signal?.throwIfAborted();
    try {
      const { status } = await connection.client.check({ service: '' });
      if (status === serving) return;
      last = 'not serving';
    } catch (error) {
      last = (error as Error).message;
    }
    await new Promise(resolve => setTimeout(resolve, 25));
  }
  throw new Error(`${address} was not ready within ${timeout} s: ${last}`);
}
