/** A request on its way through redirects. */
export interface Hop {
  readonly url: URL;
  /** Path with query, as it goes out. */
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const statuses = [301, 302, 303, 307, 308];
const ofBody = ['content-type', 'content-encoding', 'content-language', 'content-location'];
const ofOrigin = ['authorization', 'cookie', 'host', 'proxy-authorization'];

/** Does an answer of this status tell where to go, if it has a `Location`? */
export function isRedirect(status: number): boolean {
  return statuses.includes(status);
}

function without(headers: Hop['headers'], names: readonly string[]): Hop['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())));
}

/** Has the method to become GET? (Fetch standard, HTTP-redirect fetch, step 12) */
function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD';
  return (status === 301 || status === 302) && method === 'POST';
}

/**
 * The request that a redirect asks for: without a body where it becomes GET, and without what was meant for another origin.
 * @returns undefined if the location is no URL of HTTP.
 */
export function followed({ url, method, headers, body }: Omit<Hop, 'path'>, status: number, location: string): Hop | undefined {
  const next = URL.parse(location, url.href);
  if (next === null || (next.protocol !== 'http:' && next.protocol !== 'https:')) return undefined;
  const kept = next.origin === url.origin ? headers : without(headers, ofOrigin);
  const path = `${next.pathname}${next.search}`;
  if (!becomesGet(status, method)) return { url: next, path, method, headers: kept, body };
  return { url: next, path, method: 'GET', headers: without(kept, ofBody), body: undefined };
}
