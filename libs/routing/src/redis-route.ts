import type { Parsed } from '@galileo/wire';
import type { Route } from './routing-table.ts';
import { weightsProblem } from './weights.ts';

/** Set of the services that have a route. */
export const servicesKey = 'routing:services';
/** Channel on which the name of a service is published when its route has changed. */
export const updatesChannel = 'routing:updates';
export const hostsKey = (service: string): string => `routing:hosts:${service}`;
export const weightsKey = (service: string): string => `routing:weights:${service}`;

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** What is wrong with a route that is to be stored, or was; `undefined` if nothing is. */
export function routeProblem({ service, hosts, weights }: Route): string | undefined {
  if (service === '') return 'the service has no name; allowed: any text that is not empty';
  if (hosts.length === 0) return 'found no hosts; allowed: one or more';
  return weightsProblem(hosts, weights);
}

/** Reads a route as Redis holds it: two lists, the weights as decimal numbers. @returns a reason if it is no route */
export function parseRoute(service: string, hosts: readonly string[], weights: readonly string[]): Parsed<Route> {
  const wrong = weights.find(weight => !decimal.test(weight));
  if (wrong !== undefined) {
    return {
      ok: false,
      reason: `weight ${JSON.stringify(wrong.slice(0, 60))} is not a number; allowed: decimal numbers such as 1 and 1.5`,
    };
  }
  const route = { service, hosts, weights: weights.map(Number) };
  const reason = routeProblem(route);
  return reason === undefined ? { ok: true, value: route } : { ok: false, reason };
}
