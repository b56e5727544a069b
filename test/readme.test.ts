// What the README tells a person to type works as it stands there.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseExperiment } from '@galileo/experiment';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { environment, root } from '../tools/steps.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(match => match[1]!);

/** Commands of the README without those that run this very test. Blocks of `bash` want servers, Docker or a cluster; they are not run. */
const commands = blocks('sh')
  .flatMap(block => block.split('\n'))
  .map(line => line.replace(/\s+#.*/, '').trim())
  .filter(line => line !== '' && line !== 'npm test');

/** Files that the commands write where they are run, and that are not there yet. */
const written = commands
  .flatMap(command => [...command.matchAll(/--(?:out|svg) (\S+)/g)].map(match => join(root, match[1]!)))
  .filter(file => !existsSync(file));

async function removeAll(files: readonly string[]): Promise<void> {
  for (const file of files) await rm(file, { force: true });
}

test('the README has commands', () => {
  expect(commands).toContain('npm run demo');
  expect(commands.length).toBeGreaterThan(5);
});

test('every command in the README works', { timeout: 240_000 }, async () => {
  await using directory = await temporaryDirectory();
  await using _ = { [Symbol.asyncDispose]: () => removeAll(written) };
  for (const command of commands) {
    const result = spawnSync('sh', ['-c', command], {
      cwd: root,
      env: { ...environment, galileo_data_dir: directory.path },
      encoding: 'utf8',
    });
    // On a shared machine an experiment's timing may be judged INVALID (4) or fail a threshold (3).
    const allowed = /demo|run examples/.test(command) ? [0, 3, 4] : [0];
    expect(allowed, `${command}\n${result.stdout}\n${result.stderr}`).toContain(result.status);
    expect(result.stdout, command).not.toBe('');
  }
});

test('the experiment file in the README is valid', () => {
  const [file] = blocks('yaml');
  const result = parseExperiment(file!, { fileName: 'README.md' });
  expect(result).toMatchObject({ ok: true });
});
