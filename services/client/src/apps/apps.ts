import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from './app-error.ts';
import { type App, readApp } from './app-folder.ts';
import { download } from './repository.ts';
import { ArchiveError, unpack } from './unpack.ts';

export interface AppsOptions {
  /** Folder of apps, each a folder or a zip by its name. Made when the first one is downloaded. */
  readonly directory: string;
  /** URL of the repository that others come from. */
  readonly repository: string;
}

const namePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;
const allowedName = 'up to 100 letters, digits, dots, dashes and underscores, no dot first';
const mostZipBytes = 64 * 1024 * 1024;
const unpacked = { entries: 10_000, bytes: 256 * 1024 * 1024 };

async function sizeOf(path: string, kind: 'isFile' | 'isDirectory'): Promise<number | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return found?.[kind]() ? found.size : undefined;
}

/** Finds client apps in a folder, or else in a repository. */
export function createApps({ directory, repository }: AppsOptions) {
  const home = resolve(directory);
  /** Apps that are being unpacked, so that several who want one get it together. */
  const arriving = new Map<string, Promise<void>>();

  async function archiveOf(name: string): Promise<Buffer> {
    const zip = join(home, `${name}.zip`);
    const size = await sizeOf(zip, 'isFile');
    if (size === undefined) return await download(repository, name, mostZipBytes);
    if (size > mostZipBytes) throw new AppError('broken', name, `${zip}: found ${size} bytes; allowed: up to ${mostZipBytes}`);
    return await readFile(zip);
  }

  /** Unpacks into a folder of another name first: whoever sees the app's folder sees all of it. */
  async function fetchInto(name: string, folder: string): Promise<void> {
    const archive = await archiveOf(name);
    const temporary = join(home, `.${name}-${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(temporary, { recursive: true });
      await unpack(archive, temporary, unpacked);
      await readApp(name, temporary, 'its zip');
      await rename(temporary, folder);
    } catch (error) {
      if (error instanceof ArchiveError) throw new AppError('broken', name, `its zip: ${error.message}`, { cause: error });
      const { code } = error as NodeJS.ErrnoException;
      // Another process was faster, and its folder is as good.
      if ((code === 'ENOTEMPTY' || code === 'EEXIST') && (await sizeOf(folder, 'isDirectory')) !== undefined) return;
      throw error;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  async function arrive(name: string, folder: string): Promise<void> {
    let arrival = arriving.get(name);
    if (arrival === undefined) {
      arrival = fetchInto(name, folder).finally(() => arriving.delete(name));
      arriving.set(name, arrival);
    }
    await arrival;
  }

  return {
    /** @throws (rejects with) AppError if it can't be had. */
    async find(name: string): Promise<App> {
      if (!namePattern.test(name)) throw new AppError('broken', name, `found this name; allowed: ${allowedName}`);
      const folder = join(home, name);
      try {
        if ((await sizeOf(folder, 'isDirectory')) === undefined) await arrive(name, folder);
        return await readApp(name, folder);
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw new AppError('unreachable', name, `${home} (galileo_apps_dir): ${(error as Error).message}`, { cause: error });
      }
    },
  };
}
