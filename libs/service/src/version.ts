import pkg from '../package.json' with { type: 'json' };

/** Version of this build. */
export const version: string = pkg.version;

/** Metadata key under which both sides of a call say their version. */
export const versionKey = 'galileo-version';

/** Do two versions speak the same protocol? From 1.0 on the same major, before that the same minor. */
export function compatible(one: string, other: string): boolean {
  const [majorA, minorA] = one.split('.');
  const [majorB, minorB] = other.split('.');
  return majorA === majorB && (majorA !== '0' || minorA === minorB);
}
