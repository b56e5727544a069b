import { delimiter, dirname } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Environment of a child: the inherited one with `given` over it, and this program's own Node first in PATH. */
export function childEnvironment(inherited: Environment, given: Readonly<Record<string, string>>): Record<string, string> {
  const path = [dirname(process.execPath), inherited.PATH].filter(Boolean).join(delimiter);
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...inherited, PATH: path, ...given })) {
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** Environment for the application under test: nothing of Galileo's own configuration, the token least of all. */
export function applicationEnvironment(inherited: Environment, given: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(inherited).filter(([name]) => !/^(galileo_|telemd_|eb_go_lb_)/i.test(name));
  return childEnvironment(Object.fromEntries(own), given);
}

/** `node` as a command means the Node that runs this program. */
export function resolveCommand(command: readonly string[]): string[] {
  const [program, ...rest] = command;
  return [program === 'node' ? process.execPath : (program ?? ''), ...rest];
}
