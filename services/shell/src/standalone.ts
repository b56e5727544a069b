import { existsSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalOrchestrator, openLocal } from '@galileo/sdk';
import type { Interrupts } from './interrupts.ts';

/** Command that starts standalone: the file beside the bundled shell, or the source in a clone. */
function standaloneProgram(): string[] {
  const bundled = fileURLToPath(new URL('./standalone.js', import.meta.url));
  if (existsSync(bundled)) return [process.execPath, bundled];
  return [process.execPath, fileURLToPath(new URL('../../standalone/src/main.ts', import.meta.url))];
}

/**
 * The environment of a standalone. `node` in an experiment file shall be the Node that runs Galileo, and not an older one of the
 * system: where PATH doesn't know its directory, that goes first.
 */
function standaloneEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const directory = dirname(process.execPath);
  const path = env['PATH'] ?? '';
  if (path.split(delimiter).includes(directory)) return env;
  return { ...env, PATH: path === '' ? directory : `${directory}${delimiter}${path}` };
}

/** Joins the standalone of a data directory, or starts one. @throws LocalError */
export function openStandalone(dataDir: string, env: NodeJS.ProcessEnv, interrupts: Interrupts): Promise<LocalOrchestrator> {
  return openLocal({
    dataDir,
    program: standaloneProgram(),
    env: standaloneEnvironment(env),
    signal: interrupts.first,
    closeSignal: interrupts.second,
  });
}
