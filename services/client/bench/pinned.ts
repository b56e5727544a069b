import { missing } from '@galileo/testkit';

/** A command that runs on one core, where there is taskset. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return missing('taskset') ? command : ['taskset', '-c', String(core), ...command];
}
