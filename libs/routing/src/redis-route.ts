import { type Parsed, parseRoute } from '@galileo/wire';
import type { Route } from './routing-table.ts';
import { weightsProblem } from './weights.ts';

/** What is wrong with a route that is to be stored, or was; `undefined` if nothing is. */
export function routeProblem({ service, hosts, weights }: Route): string | undefined {
  if (service === '') return 'the service has no name; allowed: any text that is not empty';
  if (hosts.length === 0) return 'found no hosts; allowed: one or more';
  return weightsProblem(hosts, weights);
}

/**
 * Reads a route as Redis holds it: two lists, the weights as decimal numbers.
 * @returns undefined if there is none, a reason if it is no route
 */
export function readStoredRoute(
  service: string,
  hosts: readonly string[],
  weights: readonly string[],
): Parsed<Route | undefined> {
  const route = parseRoute(service, hosts, weights);
  if (!route.ok || route.value === undefined) return route;
  const reason = routeProblem(route.value);
  return reason === undefined ? route : { ok: false, reason };
}
