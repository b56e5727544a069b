import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TemporaryDirectory, temporaryDirectory } from '@galileo/testkit';

/** Makes a directory of apps from the text of their generators. */
export async function appsDirectory(generators: Readonly<Record<string, string>>): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory();
  for (const [name, generator] of Object.entries(generators)) {
    const folder = join(directory.path, name);
    await mkdir(folder);
    await writeFile(join(folder, 'manifest.yml'), `name: ${name}\nversion: 3\n`);
    await writeFile(join(folder, 'generator.ts'), generator);
  }
  return directory;
}
