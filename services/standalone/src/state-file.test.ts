import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { publishState, runningHolder } from './state-file.ts';

test('the state is for this user alone, replaces an older one, and goes with its owner', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'standalone.json');
  await writeFile(path, 'old');
  const state = { address: '127.0.0.1:1', recorder: '127.0.0.1:2', token: 't', pid: process.pid, version: '0.1.0', started: 1.5 };
  const published = await publishState(path, state);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(state);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory.path)).toEqual(['standalone.json']);
  expect(runningHolder(path)).toBe(process.pid);
  published[Symbol.dispose]();
  expect(await readdir(directory.path)).toEqual([]);
});

test('a state that is missing, broken, or of a process that is gone has no holder', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'standalone.json');
  expect(runningHolder(path)).toBeUndefined();
  await writeFile(path, '{');
  expect(runningHolder(path)).toBeUndefined();
  await writeFile(path, '{"pid": 99999999}');
  expect(runningHolder(path)).toBeUndefined();
});
