import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Is there no such program in PATH? Tests that need it are skipped by name then. */
export function missing(program: string): boolean {
  return !(process.env['PATH'] ?? '').split(delimiter).some(directory => isProgram(join(directory, program)));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
