import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'galileo-directory-'));
afterAll(() => rmSync(root, { recursive: true }));

test('a directory is made with its parents, as private as is asked for, and once more without an error', () => {
  const path = join(root, 'a', 'b');
  makeDirectory(path, 0o700);
  makeDirectory(path, 0o700);
  for (const made of [path, join(root, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700);
});

test.runIf(process.platform === 'linux')('where none can be made that is said, and not tried for ever', () => {
  expect(() => makeDirectory('/proc/nope/spool')).toThrow(/ENOENT.*\/proc\/nope/);
});

test('a file is no parent', () => {
  writeFileSync(join(root, 'file'), '');
  expect(() => makeDirectory(join(root, 'file', 'spool'))).toThrow('ENOTDIR');
});
