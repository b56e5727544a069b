import { isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { ConfigError } from './config.ts';

/** Takes HOST:PORT apart; an IPv6 host loses its brackets. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

/** HOST:PORT; an IPv6 host gets brackets. */
export function joinAddress(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Can only this machine reach that host? */
export function isLoopback(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host);
}

/** Does listening on that host mean all addresses of this machine? */
function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** The first address of this machine that others can reach. One that holds on its own link alone (fe80::) needs a zone, and is none. */
function outwardAddress(host: string, interfaces: Interfaces): string | undefined {
  const reachable = Object.values(interfaces)
    .flatMap(entries => entries ?? [])
    .filter(entry => !entry.internal && !entry.address.startsWith('fe80:'));
  const wanted = host === '::' ? reachable : reachable.filter(entry => entry.family === 'IPv4');
  return wanted[0]?.address;
}

/**
 * HOST:PORT under which others reach what listens on `address`: with the host of `galileo_advertise_host`, else the one that
 * is listened on, or for a wildcard the first address of this machine that isn't internal (a loopback address if there is none).
 */
export function advertised(
  config: { readonly advertiseHost?: string | undefined },
  address: string,
  interfaces: Interfaces = networkInterfaces(),
): string {
  const { host, port } = splitAddress(address);
  if (config.advertiseHost !== undefined) return joinAddress(config.advertiseHost.replace(/^\[(.*)\]$/, '$1'), port);
  return joinAddress(isWildcard(host) ? (outwardAddress(host, interfaces) ?? loopbackOf(host)) : host, port);
}

/** Where this machine itself reaches what listens on `host`. */
export function loopbackOf(host: string): string {
  if (!isWildcard(host)) return host;
  return host === '::' ? '::1' : '127.0.0.1';
}

/** Why it can't be listened on `value`, which is what `variables` say. */
export function listenError(variables: string, value: string, error: unknown): ConfigError {
  const { message } = error as Error;
  // @grpc/grpc-js wraps what the system says: `No address added out of total 1 resolved errors: [listen EADDRINUSE: …]`.
  const why = /errors: \[(.*)\]$/.exec(message)?.[1] ?? message;
  return new ConfigError([
    `${variables}: ${JSON.stringify(value)} can't be listened on: ${why}; allowed: an address of this machine with a free port`,
  ]);
}
