import { posix } from 'node:path';

/** Texts of a .proto file and of what it imports, by the names by which they import each other. */
export type ProtoFiles = Readonly<Record<string, string>>;

/** Names that a .proto file imports, but for those that everybody knows. */
function importsOf(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  const names = [...code.matchAll(/(?<=^|;)\s*import\s+(?:(?:public|weak)\s+)?["']([^"'\n]+)["']\s*;/gm)].map(match => match[1]!);
  return names.filter(name => !name.startsWith('google/protobuf/'));
}

/**
 * Reads a file and what it imports, and that in turn. Imports are relative to the directory of the first.
 * @param read gives the text of a file, by its name relative to the experiment file
 * @throws Error that tells what is wrong with one of them
 */
export function readProtoFiles(file: string, read: (fileName: string) => string): ProtoFiles {
  const directory = posix.dirname(file);
  const first = posix.basename(file);
  const texts: Record<string, string> = { [first]: read(file) };
  const importers = [first];
  for (let importer = importers.pop(); importer !== undefined; importer = importers.pop()) {
    for (const name of importsOf(texts[importer]!)) {
      if (Object.hasOwn(texts, name)) continue;
      const found = `${importer}: found import ${JSON.stringify(name)}`;
      if (posix.isAbsolute(name) || posix.normalize(name).startsWith('..')) {
        throw new Error(`${found}; allowed: names of files beside ${first} or below`);
      }
      try {
        texts[name] = read(posix.join(directory, name));
      } catch (error) {
        throw new Error(`${found}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
      importers.push(name);
    }
  }
  return texts;
}
