import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { LockedError, takeLock } from './directory-lock.ts';

test('a lock is had once, and again when it was let go', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'lock');
  const lock = takeLock(path);
  expect(() => takeLock(path)).toThrow(LockedError);
  expect(() => takeLock(path)).toThrow(`${path} is locked by another process`);
  lock[Symbol.dispose]();
  takeLock(path)[Symbol.dispose]();
});

test('the lock of a process that is killed is free', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'lock');
  const script = `import { takeLock } from ${JSON.stringify(new URL('./directory-lock.ts', import.meta.url).href)};
    takeLock(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  expect(() => takeLock(path)).toThrow(LockedError);
  holder.kill('SIGKILL');
  const lock = await until('the lock is free', () => takeLock(path));
  lock[Symbol.dispose]();
});

test('what is no file to lock is told as it is', async () => {
  await using directory = await temporaryDirectory();
  expect(() => takeLock(join(directory.path, 'none', 'lock'))).toThrow('unable to open database file');
});
