import { WeightsError } from './function-weights.ts';

const element = (what: string, value: string) => {
  if (value === '' || value.includes('/')) {
    throw new WeightsError(`${what} ${JSON.stringify(value)} is not allowed; allowed: a name without a slash`);
  }
  return value;
};

/**
 * What the keys of a zone begin with. The slash at its end keeps the keys of zone `a2` out of zone `a`.
 * @throws WeightsError if no zone can be called so.
 */
export const zonePrefix = (zone: string): string => `golb/function/${element('zone', zone)}/`;

/**
 * Key of a function's weights.
 * @throws WeightsError if the zone or the function can't be called so.
 */
export const weightsKey = (zone: string, name: string): string => zonePrefix(zone) + element('function', name);

/** The function that a key below `prefix` is for; `undefined` if it is for none (a further slash, nothing). */
export function functionOf(prefix: string, key: string): string | undefined {
  const name = key.slice(prefix.length);
  return name === '' || name.includes('/') ? undefined : name;
}
