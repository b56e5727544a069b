/** Where a host's server listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Splits HOST:PORT or HOST (an IPv6 host in brackets; port 80 unless told). */
export function endpointOf(host: string): Endpoint {
  const { hostname, port } = new URL(`http://${host}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) };
}
