// Writes the tables of environment variables into README.md, from the services' own configs; `--check` only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Variables, variableTable } from '@galileo/service';
import { root } from './steps.ts';

const services = ['orchestrator', 'client', 'telemd', 'loadbalancer', 'recorder', 'standalone'];
const begin = '<!-- variables: begin (npm run readme) -->';
const end = '<!-- variables: end -->';

const escapeCell = (text: string) => text.replaceAll('|', '\\|');

/** Variables that all services have are shown once. */
async function tables(): Promise<string> {
  const loaded = new Map<string, Variables>();
  for (const name of services) {
    const module = (await import(join(root, 'services', name, 'src', 'config.ts'))) as { variables: Variables };
    loaded.set(name, module.variables);
  }
  const users = new Map<string, { services: string[]; row: ReturnType<typeof variableTable>[number] }>();
  for (const [name, variables] of loaded) {
    for (const row of variableTable(variables)) {
      const key = JSON.stringify([row.name, row.doc]);
      const entry = users.get(key) ?? { services: [], row };
      entry.services.push(name);
      users.set(key, entry);
    }
  }
  const lines = ['| variable | used by | meaning | allowed | default |', '|---|---|---|---|---|'];
  const sorted = [...users.values()].sort((a, b) => a.row.name.localeCompare(b.row.name));
  for (const { services: by, row } of sorted) {
    const usedBy = by.length === services.length ? 'all' : by.join(', ');
    const fallback = defaultOf(row.name, by, loaded);
    lines.push(`| \`${row.name}\` | ${usedBy} | ${escapeCell(row.doc)} | ${escapeCell(row.allowed)} | ${fallback} |`);
  }
  return lines.join('\n');
}

/** One default, or one per service where they differ (ports). */
function defaultOf(name: string, by: readonly string[], loaded: ReadonlyMap<string, Variables>): string {
  const found = by.map(service => variableTable(loaded.get(service)!).find(row => row.name === name)!.fallback);
  const quote = (text: string) => (text === '' ? '' : `\`${text}\``);
  if (new Set(found).size === 1) return quote(found[0]!);
  return by.map((service, index) => `${service} ${quote(found[index]!)}`).join(', ');
}

const file = join(root, 'README.md');
const before = await readFile(file, 'utf8');
const [head, rest] = before.split(begin);
const tail = rest?.split(end)[1];
if (head === undefined || tail === undefined) throw new Error(`README.md lacks the lines ${begin} and ${end}`);
const after = `${head}${begin}\n\n${await tables()}\n\n${end}${tail}`;
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('README.md: the table of variables is not what the services say; `npm run readme` writes it');
    process.exitCode = 1;
  }
} else if (after !== before) {
  await writeFile(file, after);
}
