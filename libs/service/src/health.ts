import { HealthDefinition } from 'nice-grpc-server-health';
import { joinAddress, loopbackOf, splitAddress } from './addresses.ts';
import { ConfigError } from './config.ts';
import { type Credentials, type CredentialsConfig, credentialsOf } from './credentials.ts';
import { connect } from './grpc-client.ts';

/** `ServingStatus.SERVING` of grpc.health.v1. */
const serving = 1;

/**
 * Waits until a service answers its health check with SERVING.
 * @throws Error that names the address and the last thing that went wrong, after `timeout` seconds or when `signal` aborts.
 */
export async function waitForServing(
  address: string,
  timeout: number,
  options: { readonly credentials?: Credentials; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { credentials = {}, signal } = options;
  using connection = connect(HealthDefinition, address, { credentials, timeout: 1 });
  const until = performance.now() + timeout * 1000;
  let last = 'no answer';
  while (performance.now() < until) {
    signal?.throwIfAborted();
    try {
      const { status } = await connection.client.check({ service: '' }, signal === undefined ? {} : { signal });
      if (status === serving) return;
      last = 'not serving';
    } catch (error) {
      last = (error as Error).message;
    }
    await new Promise(resolve => setTimeout(resolve, 25));
  }
  throw new Error(`${address} was not ready within ${timeout} s: ${last}`);
}

/** Seconds that a service may take to tell its health. */
const answerTimeout = 5;

/**
 * Asks the service that a config describes, on this machine, whether it serves.
 * @returns its address. @throws ConfigError if the config names no port, Error that tells why it does not serve
 */
export async function askHealth(config: CredentialsConfig & { readonly listen: string }): Promise<string> {
  const { host, port } = splitAddress(config.listen);
  if (port === 0) throw new ConfigError([`galileo_grpc_listen: ${JSON.stringify(config.listen)} names no port to ask`]);
  const address = joinAddress(loopbackOf(host), port);
  // Its certificate is for the host by which others call it.
  const options = { credentials: credentialsOf(config), timeout: answerTimeout, anyHost: true };
  using connection = connect(HealthDefinition, address, options);
  const { status } = await connection.client.check({ service: '' });
  if (status !== serving)
    throw new Error(`${address} runs and does not serve (it starts or ends, or something that it needs is away)`);
  return address;
}
