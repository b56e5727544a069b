import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '@galileo/service';
import { LockedError, takeLock } from './directory-lock.ts';
import { runningHolder } from './state-file.ts';

/** Seconds that another standalone, which serves nobody (yet or any more), gets to say so or to end. */
const patience = 5;
/** Milliseconds between two tries. */
const interval = 50;

/**
 * Makes a data directory this process's own until disposed. One that is about to end is waited for.
 * @throws ConfigError if another standalone has it, or it can't be written
 */
export async function holdDirectory(directory: string, stateFile: string): Promise<Disposable> {
  const end = performance.now() + patience * 1000;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (;;) {
      const lock = tryLock(join(directory, 'standalone.lock'));
      if (lock !== undefined) return lock;
      const holder = runningHolder(stateFile);
      if (holder !== undefined || performance.now() > end) throw heldBy(directory, holder);
      await sleep(interval);
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`galileo_data_dir: ${JSON.stringify(directory)} can't be used: ${(error as Error).message}`]);
  }
}

function tryLock(path: string): Disposable | undefined {
  try {
    return takeLock(path);
  } catch (error) {
    if (error instanceof LockedError) return undefined;
    throw error;
  }
}

function heldBy(directory: string, holder: number | undefined): ConfigError {
  const who = holder === undefined ? '' : ` (process ${holder})`;
  return new ConfigError([
    `galileo_data_dir: ${JSON.stringify(directory)} is held by another standalone${who}; allowed: a directory that none holds`,
  ]);
}
