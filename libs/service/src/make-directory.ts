import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory with its parents, unless it is there. `mkdirSync` with `recursive` would loop for ever where a directory can
 * be looked up and not be made (/proc).
 * @throws the error of `mkdirSync` for the first one that can't be made
 */
export function makeDirectory(path: string, mode?: number): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path), mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error;
  }
}
