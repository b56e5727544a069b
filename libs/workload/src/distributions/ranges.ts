/** The sentence for a parameter out of its range. */
export function outOfRange(name: string, found: number, allowed: string): string {
  return `${name}: found ${found}; allowed: ${allowed}`;
}

/** Checks that a parameter is above 0. */
export function positive(name: string, found: number): string | undefined {
  return found > 0 ? undefined : outOfRange(name, found, 'a number above 0');
}

/** Checks that a parameter is 0 or above. */
export function notNegative(name: string, found: number): string | undefined {
  return found >= 0 ? undefined : outOfRange(name, found, 'a number of at least 0');
}
