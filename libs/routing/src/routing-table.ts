import { createWeightedRoundRobin, type WeightedRoundRobin } from './weighted-round-robin.ts';
import { integerWeights, weightsProblem } from './weights.ts';

/** Where a service is reached: HOST:PORT each, and a weight for each in the same order. */
export interface Route {
  readonly service: string;
  readonly hosts: readonly string[];
  readonly weights: readonly number[];
}

/** A client's view of which hosts serve a service. */
export interface RoutingTable {
  /**
   * Takes a whole new table. A service whose hosts and weights are the same goes on in its round; one whose hosts or weights
   * have changed keeps its position.
   * @throws RouteError at the first route that does not fit; the old table then stays.
   */
  replace(routes: readonly Route[]): void;
  /** Next host of a service by weight (`integerWeights`); `undefined` if it is unknown or all its weights are 0. */
  pick(service: string): string | undefined;
  /** Services in the order of the table. */
  services(): string[];
}

/** A route does not fit. `service` is the service that it is for. */
export class RouteError extends Error {
  readonly service: string;
  constructor(service: string, problem: string) {
    super(`route of ${JSON.stringify(service)}: ${problem}`);
    this.name = 'RouteError';
    this.service = service;
  }
}

interface Entry {
  readonly route: Route;
  readonly round: WeightedRoundRobin;
}

const same = <T>(one: readonly T[], other: readonly T[]) =>
  one.length === other.length && one.every((value, index) => value === other[index]);

function check(routes: readonly Route[]): void {
  const seen = new Set<string>();
  for (const { service, hosts, weights } of routes) {
    if (service === '') throw new RouteError(service, 'the service has no name; allowed: any text that is not empty');
    if (seen.has(service)) throw new RouteError(service, 'found twice; allowed: one route per service');
    seen.add(service);
    const problem = weightsProblem(hosts, weights);
    if (problem !== undefined) throw new RouteError(service, problem);
  }
}

/** Makes an empty routing table. Rounds belong to the table: clients that shall not share one have a table each. */
export function createRoutingTable(): RoutingTable {
  let entries = new Map<string, Entry>();

  function entryOf(route: Route): Entry {
    const weights = integerWeights(route.weights);
    const old = entries.get(route.service);
    if (old === undefined) return { route, round: createWeightedRoundRobin(weights) };
    if (!same(old.route.hosts, route.hosts) || !same(old.route.weights, route.weights)) old.round.replace(weights);
    return { route, round: old.round };
  }

  return {
    replace(routes) {
      check(routes);
      entries = new Map(
        routes.map(route => [route.service, entryOf({ ...route, hosts: [...route.hosts], weights: [...route.weights] })]),
      );
    },
    pick(service) {
      const entry = entries.get(service);
      return entry?.route.hosts[entry.round.next()];
    },
    services: () => [...entries.keys()],
  };
}
