const secretName = /token|password|passwd|authorization|secret|^environment$/i;

/** What stands where a secret was. */
const censored = '[redacted]';

/** Deeper than this nothing is looked for, and so nothing is shown. */
const deepest = 8;

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/**
 * A copy of what is to be logged without what its name says to be secret, at any depth: `token`, `password`,
 * `authorization`, `secret` as a part of the name, and whole environments. Objects of classes are left as they are.
 */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return depth === deepest ? censored : value.map(entry => withoutSecrets(entry, depth + 1));
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  if (depth === deepest) return censored;
  const entries = Object.entries(value).map(([name, entry]) => {
    const hidden = secretName.test(name) && entry !== undefined && entry !== null;
    return [name, hidden ? censored : withoutSecrets(entry, depth + 1)] as const;
  });
  return Object.fromEntries(entries);
}
