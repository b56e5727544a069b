/** One hop of a request: through this load balancer to one replica. */
export interface Hop {
  /** HOST:PORT of the replica. */
  readonly replica: string;
  /** Name of this node. */
  readonly node: string;
  /** Name of the time-stamp header, `X-Forwarded-Host-<Node>`. */
  readonly stampName: string;
  /** When the request was taken, UNIX seconds. */
  readonly at: number;
}

/** Go's CanonicalMIMEHeaderKey for a valid token: upper case at the begin and after each hyphen, lower case elsewhere. */
export const canonicalHeaderName = (name: string) =>
  name.toLowerCase().replace(/(^|-)([a-z])/g, (_, before, letter) => before + letter.toUpperCase());

/** A header name (RFC 9110, 5.6.2). */
export const headerToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Fields that end at this hop (RFC 9110, 7.6.1, and the list of Go's ReverseProxy). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names that the Connection fields list, in lower case. */
function connectionNames(fields: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() !== 'connection') continue;
    for (const name of fields[i + 1]!.split(',')) names.add(name.trim().toLowerCase());
  }
  // How long the body is, is not negotiable; and a peer that lists it must not get the message framed anew.
  names.delete('content-length');
  return names;
}

/** Seconds with seven decimals, as Go's load balancer stamps. */
const stamp = (hop: Hop) => hop.at.toFixed(7);

/**
 * Fields that the replica gets for the fields of a client's request (name, value, name, value, …): Host, X-Final-Host,
 * X-Forwarded-For and this node's time stamp are ours, whatever the client sent under these names; hop-by-hop fields go, but
 * for `TE: trailers`; Expect is answered here. The rest keeps its order, spelling and repetitions.
 */
export function requestFields(fields: readonly string[], clientAddress: string, hop: Hop): string[] {
  const result = [
    ['Host', hop.replica],
    ['X-Final-Host', hop.replica],
    ['X-Forwarded-For', `${hop.node}, ${clientAddress}`],
    [hop.stampName, stamp(hop)],
  ].flat();
  const named = connectionNames(fields);
  const ours = new Set(['host', 'expect', 'x-final-host', 'x-forwarded-for', hop.stampName.toLowerCase()]);
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    const key = name.toLowerCase();
    if (key === 'te' && /(^|,)\s*trailers\s*(,|;|$)/i.test(value)) result.push('TE', 'trailers');
    if (!hopByHop.has(key) && !named.has(key) && !ours.has(key)) result.push(name, value);
  }
  return result;
}

/** The fields that mark an answer as having come through this load balancer. */
export const hopFields = (hop: Hop): string[] => [
  'X-Final-Host',
  hop.replica,
  'X-Forwarded-For',
  hop.node,
  hop.stampName,
  stamp(hop),
];

/** What the response to the client will look like. */
export interface ResponseShape {
  /** False where a response has no body by its status. */
  readonly lengthAllowed: boolean;
  /** True if the body is sent in chunks, which trailers need. */
  readonly chunked: boolean;
}

/**
 * Fields that the client gets for the fields of a replica's response: ours come first; the replica's own fields of the same
 * names follow as further lines, which is how hops are told apart.
 */
export function responseFields(fields: readonly string[], hop: Hop, shape: ResponseShape): string[] {
  const result = hopFields(hop);
  const named = connectionNames(fields);
  for (let i = 0; i < fields.length; i += 2) {
    const key = fields[i]!.toLowerCase();
    const kept = key === 'trailer' ? shape.chunked : !hopByHop.has(key) && !named.has(key);
    if (kept && (key !== 'content-length' || shape.lengthAllowed)) result.push(fields[i]!, fields[i + 1]!);
  }
  return result;
}

/** Fields of a trailer section or of an interim response that go on to the client: none that frames or routes (RFC 9110, 6.5.1). */
export function extraFields(fields: readonly string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const key = fields[i]!.toLowerCase();
    if (!hopByHop.has(key) && key !== 'content-length' && key !== 'host') result.push(fields[i]!, fields[i + 1]!);
  }
  return result;
}

/** `Server-Timing` of one request; both in seconds. */
export const serverTiming = (own: number, upstream: number) =>
  `lb;dur=${(own * 1000).toFixed(3)}, upstream;dur=${(upstream * 1000).toFixed(3)}`;
