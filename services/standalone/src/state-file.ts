import { readFileSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';

/** What others on this machine need to join a standalone. */
export interface State {
  /** HOST:PORT of the orchestrator. */
  readonly address: string;
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  /** Bearer token of all calls. */
  readonly token: string;
  readonly pid: number;
  readonly version: string;
  /** UNIX seconds. */
  readonly started: number;
}

/** Writes the state, whole or not at all, for this user's eyes only. Disposing it removes the file, unless it is another's by now. */
export async function publishState(path: string, state: State): Promise<Disposable> {
  const partial = `${path}.${state.pid}`;
  await writeFile(partial, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  await rename(partial, path);
  return {
    [Symbol.dispose]() {
      if (holderIn(path) === state.pid) rmSync(path, { force: true });
    },
  };
}

function holderIn(path: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}

/** The process that the state speaks of, if it runs. */
export function runningHolder(path: string): number | undefined {
  const pid = holderIn(path);
  if (pid === undefined) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
