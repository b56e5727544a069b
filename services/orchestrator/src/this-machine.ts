import { hostname, networkInterfaces } from 'node:os';

/** Does a host (a name or an IP address without brackets) mean the machine itself, on every machine? */
export function isLoopback(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(host);
}

/** Does a host mean this machine: the loopback, one of its addresses, its name? */
export function isThisMachine(host: string): boolean {
  if (isLoopback(host) || host.toLowerCase() === hostname().toLowerCase()) return true;
  return Object.values(networkInterfaces()).some(addresses => addresses?.some(({ address }) => address === host));
}
