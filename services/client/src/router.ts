import type { EmulatedClient } from './emulated-client.ts';
import { hostsProblem } from './names.ts';
import type { OutgoingRequest } from './sender.ts';

/** Where requests go, by the names of Galileo's routers. */
export interface Router {
  /** Do requests leave the worker? Without it they are answered by themselves, and traces name no server. */
  readonly reaches: boolean;
  /** Where everything goes, if that is always the same. */
  readonly host?: string;
  /** A service's request with the path that it has at its hosts. */
  outgoing(service: string, request: OutgoingRequest): OutgoingRequest;
  /** HOST:PORT of a client's next request; `undefined` without a route. */
  pick(client: Pick<EmulatedClient, 'service' | 'routes'>): string | undefined;
}

/** The original's names. Ours always know the whole table and hear of changes, so that those with `Caching` are like those without. */
export const routerTypes = [
  'CachingSymmetryHostRouter',
  'SymmetryHostRouter',
  'CachingSymmetryServiceRouter',
  'SymmetryServiceRouter',
  'StaticRouter',
  'DebugRouter',
] as const;
export type RouterType = (typeof routerTypes)[number];

/** Where StaticRouter sends everything to. */
export interface StaticHost {
  /** HOST:PORT or HOST. */
  readonly host: string;
  /** What precedes each path; may be empty. */
  readonly prefix: string;
}

/** Reads `http://HOST[:PORT][/PREFIX]`. @throws RangeError that says what was found and what is allowed. */
export function parseStaticHost(url: string): StaticHost {
  const [, host, prefix] = /^http:\/\/([^/?#]+)(\/[!-"$->@-~]*)?$/.exec(url) ?? [];
  if (host === undefined || hostsProblem([host]) !== undefined) {
    throw new RangeError(`${JSON.stringify(url)} is not allowed; allowed: http://HOST, http://HOST:PORT, with or without a path`);
  }
  return { host, prefix: prefix ?? '' };
}

const below = (prefix: string, request: OutgoingRequest): OutgoingRequest => ({ ...request, path: `${prefix}${request.path}` });

/** Makes a router. Its state, the round of each client, lives in the client's own routing table. */
export function createRouter(type: RouterType, { host, prefix }: StaticHost): Router {
  const same = (_service: string, request: OutgoingRequest) => request;
  const byTable: Router = { reaches: true, outgoing: same, pick: ({ routes, service }) => routes.pick(service) };
  switch (type) {
    case 'CachingSymmetryHostRouter':
    case 'SymmetryHostRouter':
      return byTable;
    case 'CachingSymmetryServiceRouter':
    case 'SymmetryServiceRouter':
      return { ...byTable, outgoing: (service, request) => below(`/${encodeURI(service)}`, request) };
    case 'StaticRouter':
      return { reaches: true, host, outgoing: (_service, request) => below(prefix, request), pick: () => host };
    case 'DebugRouter':
      return { reaches: false, outgoing: same, pick: () => 'nowhere' };
  }
}
