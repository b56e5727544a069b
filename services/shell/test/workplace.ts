import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { expect } from 'vitest';
import { experimentFile } from './experiments.ts';
import { galileo } from './galileo.ts';

/** A place for one test: a file with an experiment and a data directory of its own. */
export async function workplace(changes?: Readonly<Record<string, string>>) {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'small.yaml');
  await writeFile(file, experimentFile(changes));
  const dataDir = join(directory.path, 'data');
  return {
    file,
    dataDir,
    env: { galileo_data_dir: dataDir },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

export interface Listed {
  readonly id: string;
  readonly status: string;
}

/** What `experiments ls` tells. */
export async function listed(env: Readonly<Record<string, string>>): Promise<Listed[]> {
  const { code, stdout, stderr } = await galileo(['experiments', 'ls', '--json'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}
