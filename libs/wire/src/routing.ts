import { malformed, type Parsed, parsed } from './parsed.ts';
import { parsePythonFloat, pythonFloat } from './python-float.ts';
import { type PyNumber, pyFloat, pyNumber } from './python-json.ts';
import { WireError } from './wire-error.ts';

/*
 * The routing table in Redis, command for command as Galileo's `rtbl`. A command is its words; where several are given, they
 * are to be sent as one transaction (MULTI … EXEC).
 */

/** The words of one Redis command. */
export type RedisCommand = readonly string[];

/** Set of the names of all services that have a route. */
export const routeServicesKey = 'routing:services';

/** Channel on which the bare name of a changed service is published. */
export const routeUpdatesChannel = 'routing:updates';

/** List of a service's hosts, HOST:PORT each. */
export const routeHostsKey = (service: string): string => `routing:hosts:${service}`;

/** List of the weights of a service's hosts, in the same order. */
export const routeWeightsKey = (service: string): string => `routing:weights:${service}`;

/** A service's route as it is to be written. */
export interface WireRoute {
  readonly service: string;
  readonly hosts: readonly string[];
  /** From 0. Python writes an int `1` as `1`, the float as `1.0`. */
  readonly weights: readonly PyNumber[];
}

function weightText(weight: PyNumber): string {
  const value = pyNumber(weight);
  if (!Number.isFinite(value) || value < 0) throw new WireError('weights', String(value), 'finite numbers from 0');
  return typeof weight === 'bigint' || Number.isSafeInteger(weight) ? String(weight) : pythonFloat(value);
}

/**
 * Writes a whole route.
 * @throws WireError if service or hosts are empty (Redis would refuse to push nothing), if weights and hosts differ in number,
 * or if a weight is negative or not finite.
 */
export function setRoute({ service, hosts, weights }: WireRoute): RedisCommand[] {
  if (service === '') throw new WireError('service', service, 'text that is not empty');
  if (hosts.length === 0) throw new WireError('hosts', '', 'at least one HOST:PORT');
  if (hosts.length !== weights.length) {
    throw new WireError('weights', weights.map(String).join(', '), `one for each of the ${hosts.length} hosts`);
  }
  return [
    ['DEL', routeHostsKey(service)],
    ['DEL', routeWeightsKey(service)],
    ['SADD', routeServicesKey, service],
    ['RPUSH', routeHostsKey(service), ...hosts],
    ['RPUSH', routeWeightsKey(service), ...weights.map(weightText)],
    ['PUBLISH', routeUpdatesChannel, service],
  ];
}

/** Reads a route; the two replies are for `parseRoute`. */
export const getRoute = (service: string): RedisCommand[] => [
  ['LRANGE', routeHostsKey(service), '0', '-1'],
  ['LRANGE', routeWeightsKey(service), '0', '-1'],
];

/** Reads the names of all services that have a route. */
export const listRoutes: RedisCommand = ['SMEMBERS', routeServicesKey];

/** Removes a route; also of a service that has none, so that everybody hears of it. */
export const removeRoute = (service: string): RedisCommand[] => [
  ['DEL', routeHostsKey(service)],
  ['DEL', routeWeightsKey(service)],
  ['SREM', routeServicesKey, service],
  ['PUBLISH', routeUpdatesChannel, service],
];

/** Removes the routes of all services that `listRoutes` found. */
export const clearRoutes = (services: readonly string[]): RedisCommand[] => [
  ...services.flatMap(service => [
    ['DEL', routeHostsKey(service)],
    ['DEL', routeWeightsKey(service)],
    ['PUBLISH', routeUpdatesChannel, service],
  ]),
  ['DEL', routeServicesKey],
];

/** A route as it was read. */
export interface ReadRoute {
  readonly service: string;
  readonly hosts: readonly string[];
  readonly weights: readonly number[];
}

/** The route in the replies to `getRoute`; `undefined` if the service has none. */
export function parseRoute(service: string, hosts: readonly string[], weights: readonly string[]): Parsed<ReadRoute | undefined> {
  if (hosts.length !== weights.length)
    return malformed(`found ${weights.length} weights for ${hosts.length} hosts; allowed: one weight per host`);
  if (hosts.length === 0) return parsed(undefined);
  const numbers: number[] = [];
  for (const text of weights) {
    const weight = parsePythonFloat(text);
    if (weight === undefined || !Number.isFinite(weight) || weight < 0) {
      return malformed(`weight ${JSON.stringify(text.slice(0, 60))} is not allowed; allowed: a finite number from 0`);
    }
    numbers.push(weight);
  }
  return parsed({ service, hosts, weights: numbers });
}

/** The whole route with one more host, for `setRoute`. Weights that were read are floats, as in the original: `1.0 2.0 3`. */
export function appendedRoute(route: ReadRoute | undefined, service: string, host: string, weight: PyNumber = 1): WireRoute {
  if (route === undefined) return { service, hosts: [host], weights: [weight] };
  return { service, hosts: [...route.hosts, host], weights: [...route.weights.map(pyFloat), weight] };
}
