import { InvalidArgumentError } from 'commander';

/** How many rows a list may have. */
export function parseLimit(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('Allowed: a whole number from 1 to 999999.');
  return Number(value);
}
