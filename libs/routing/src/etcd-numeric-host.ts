import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { splitAddress } from '@galileo/service';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { Etcd3 } from 'etcd3';
import type { EtcdSettings } from './etcd-settings.ts';

/** Is it TLS with an endpoint whose host is an IP address? */
export function isNumeric({ tls }: EtcdSettings, endpoint: string): boolean {
  return tls !== undefined && isIP(splitAddress(endpoint).host) !== 0;
}

/**
 * What a channel sends as the server's name to such an endpoint: TLS knows names only (RFC 6066, section 3). grpc-js would
 * send the address, and Node would warn of that on standard error.
 */
export const sentName = { 'grpc.ssl_target_name_override': 'localhost' };

/** The part of etcd3's client that has no public name: what its channels are made with, at the first call. */
interface Inside {
  readonly pool: { readonly hosts: readonly { channelCredentials: ChannelCredentials }[] };
}

/** Has the certificate compared with the address all the same, and not with the name that is sent. etcd3 has no option for that. */
export function expectAddress(client: Etcd3, { tls }: EtcdSettings, endpoint: string): void {
  const { host } = splitAddress(endpoint);
  const credentials = ChannelCredentials.createSsl(tls?.ca ?? null, tls?.key ?? null, tls?.cert ?? null, {
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
  for (const each of (client as unknown as Inside).pool.hosts) each.channelCredentials = credentials;
}
