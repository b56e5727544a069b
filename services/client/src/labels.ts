import type { Variables } from '@galileo/service';

/** Names under which the variables of the original and of other services hold secrets. */
const secretName = /password|passwd|token|secret|credential|_key$/i;

/** How services and servers are reached says nothing about a worker, and may hold a secret. */
const connectionName = /^galileo_.+_(host|port|url|path|username|user)$|_tls(_|$)|^galileo_tls_/i;

/** `scheme://user:password@host` */
const secretValue = /:\/\/[^/\s]*:[^/\s]*@/;

/**
 * A worker's labels: the `galileo_*` variables of its environment. Unlike the original, which shows its Redis password,
 * it leaves out what holds a secret (the variables that are declared so, and what is called or looks like one) and how
 * others are reached.
 */
export function labelsOf(env: Readonly<Record<string, string | undefined>>, variables: Variables): Record<string, string> {
  const secrets = new Set(Object.values(variables).flatMap(entry => (entry.secret ? [entry.env] : [])));
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('galileo_') || value === undefined) continue;
    if (secrets.has(name) || secretName.test(name) || connectionName.test(name) || secretValue.test(value)) continue;
    labels[name] = value;
  }
  return labels;
}
