import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalError } from './errors.ts';

/** What a running standalone leaves in its data directory, so that others on this machine can join it. */
export interface StandaloneState {
  /** HOST:PORT of its orchestrator. */
  readonly address: string;
  /** HOST:PORT of its recorder; an older standalone does not tell it. */
  readonly recorder?: string;
  /** Bearer token that calls must carry. */
  readonly token: string;
  readonly pid: number;
  readonly version: string;
}

/** Where the state of the standalone of a data directory lies. */
export function stateFile(dataDir: string): string {
  return join(dataDir, 'standalone.json');
}

function isState(value: unknown): value is StandaloneState {
  if (typeof value !== 'object' || value === null) return false;
  const { address, recorder = '', token, pid, version } = value as Record<string, unknown>;
  return [address, recorder, token, version].every(text => typeof text === 'string') && Number.isInteger(pid);
}

/**
 * Reads the state; undefined where there is none, or one that is just being written. It may be stale: its process may be gone.
 * @throws LocalError if the file is there and can't be read.
 */
export async function readState(dataDir: string): Promise<StandaloneState | undefined> {
  let text: string;
  try {
    text = await readFile(stateFile(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LocalError(`${stateFile(dataDir)} can't be read: ${(error as Error).message}`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isState(value) ? value : undefined;
}

/** Is there a process with this id? One of another user counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
