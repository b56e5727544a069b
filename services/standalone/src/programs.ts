import { fileURLToPath } from 'node:url';

/** Commands that start the services which standalone doesn't hold itself. */
export interface Programs {
  readonly loadbalancer: readonly string[];
  readonly client: readonly string[];
}

/**
 * The programs that belong to this one: bundled files beside a bundled standalone, sources in a clone.
 * @param self URL of this module
 */
export function findPrograms(self: string, node: string): Programs {
  // Not written as a literal: the bundler would put the programs into the bundle.
  const path = (service: string) => (self.endsWith('.ts') ? `../../${service}/src/main.ts` : `./${service}.js`);
  const command = (service: string) => [node, fileURLToPath(new URL(path(service), self))];
  return { loadbalancer: command('loadbalancer'), client: command('client') };
}
