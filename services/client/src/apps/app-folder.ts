import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { AppError } from './app-error.ts';

/** An app as it lies on the disk. */
export interface App {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** What manifest.yml says. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** File in the folder whose `nextRequest` makes the requests. */
  readonly generator: string;
}

const manifestFile = 'manifest.yml';
const generators = ['generator.ts', 'generator.js'];
const mostManifestBytes = 1024 * 1024;

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

async function manifestOf(name: string, folder: string, place: string): Promise<Readonly<Record<string, unknown>>> {
  const path = join(folder, manifestFile);
  if (!(await isFile(path))) throw new AppError('broken', name, `${manifestFile} is missing in ${place}`);
  const { size } = await stat(path);
  if (size > mostManifestBytes) {
    throw new AppError('broken', name, `${manifestFile}: found ${size} bytes; allowed: up to ${mostManifestBytes}`);
  }
  let manifest: unknown;
  try {
    manifest = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new AppError('broken', name, `${manifestFile} is no YAML: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
  const allowed = 'allowed: a mapping with a name';
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    throw new AppError('broken', name, `${manifestFile}: found ${JSON.stringify(manifest) ?? 'nothing'}; ${allowed}`);
  }
  const fields = manifest as Record<string, unknown>;
  if (typeof fields['name'] !== 'string' || fields['name'] === '') {
    throw new AppError('broken', name, `${manifestFile}: name: found ${JSON.stringify(fields['name']) ?? 'none'}; allowed: text`);
  }
  return fields;
}

async function generatorOf(name: string, folder: string, place: string): Promise<string> {
  const found: string[] = [];
  for (const file of generators) if (await isFile(join(folder, file))) found.push(file);
  if (found.length === 1) return found[0]!;
  const allowed = `allowed: one of ${generators.join(' and ')}`;
  if (found.length > 1) throw new AppError('broken', name, `found ${found.join(' and ')} in ${place}; ${allowed}`);
  const python = await isFile(join(folder, 'generator.py'));
  const why = python ? 'found generator.py, and Python is not run here' : 'found no generator';
  throw new AppError('broken', name, `${why}, in ${place}; ${allowed}`);
}

/** Reads an app out of its folder, which errors call `place`. @throws (rejects with) AppError if it is none, or one that can't be run. */
export async function readApp(name: string, folder: string, place = folder): Promise<App> {
  const manifest = await manifestOf(name, folder, place);
  return { name, folder, manifest, generator: await generatorOf(name, folder, place) };
}
