import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { describeExit, GuardLostError, StartError, startGuard } from '../src/guard-client.ts';
import { family, runs } from './processes.ts';

const environment = { PATH: process.env.PATH ?? '' };

/** Pids that `family` has printed: grandchild, child. */
async function pids(log: string): Promise<number[]> {
  const line = await until('the family has printed its pids', async () => /^\d+ \d+$/m.exec(await readFile(log, 'utf8'))?.[0]);
  return line.split(' ').map(Number);
}

test('a child runs in a group of its own, its output in a file, and stop ends all of the group', async () => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'child.log');
  await using guard = await startGuard();
  const child = await guard.start({ command: family(), directory: directory.path, environment, log });
  const members = await pids(log);
  expect(members).toContain(child.pid);
  expect(members.every(runs)).toBe(true);
  await child.stop(5);
  expect(members.filter(runs)).toEqual([]);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
});

test('what ignores SIGTERM gets SIGKILL after the grace', async () => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'child.log');
  await using guard = await startGuard();
  const child = await guard.start({ command: family({ stubborn: true }), directory: directory.path, environment, log });
  const members = await pids(log);
  await child.stop(0.3);
  expect(members.filter(runs)).toEqual([]);
  expect(describeExit(await child.exited)).toBe('killed by SIGKILL');
});

test('what a child leaves behind when it ends is ended too', async () => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'child.log');
  await using guard = await startGuard();
  const command = ['sh', '-c', 'sleep 1000 & echo $! $$; exit 3'];
  const child = await guard.start({ command, directory: directory.path, environment, log });
  expect(describeExit(await child.exited)).toBe('exited with code 3');
  const members = await pids(log);
  await until('the grandchild is gone', () => !members.some(runs));
  await child.stop(1);
});

test('what cannot be started is refused with the reason', async () => {
  await using directory = await temporaryDirectory();
  await using guard = await startGuard();
  const start = (command: string[], log: string) => guard.start({ command, directory: directory.path, environment, log });
  await expect(start(['no-such-program', 'x'], join(directory.path, 'a.log'))).rejects.toThrow(StartError);
  await expect(start(['no-such-program', 'x'], join(directory.path, 'a.log'))).rejects.toThrow(
    'no-such-program x could not be started: spawn no-such-program ENOENT',
  );
  await expect(start(['true'], join(directory.path, 'none', 'a.log'))).rejects.toThrow('ENOENT');
});

test('disposing the guard ends the children and the guard', async () => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'child.log');
  const guard = await startGuard();
  await guard.start({ command: family(), directory: directory.path, environment, log });
  const members = await pids(log);
  await guard[Symbol.asyncDispose]();
  expect([guard.pid, ...members].filter(runs)).toEqual([]);
  await expect(guard.start({ command: ['true'], directory: directory.path, environment, log })).rejects.toThrow(
    'true could not be started: the guard process has ended',
  );
});

test.for([
  { what: 'children', options: {} },
  { what: 'children that ignore SIGTERM', options: { stubborn: true } },
])('no $what survive the SIGKILL of the parent', async ({ options }) => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'child.log');
  const program = fileURLToPath(new URL('./guard-parent.ts', import.meta.url));
  const parent = spawn(process.execPath, [program, log, ...family(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  const { guard } = JSON.parse(line) as { guard: number };
  const members = await pids(log);
  expect([guard, ...members].every(runs)).toBe(true);
  parent.kill('SIGKILL');
  await until('guard and children are gone', () => ![guard, ...members].some(runs));
});

test('the SIGKILL of the guard kills its children and is told', async () => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'child.log');
  await using guard = await startGuard();
  const child = await guard.start({ command: family({ stubborn: true }), directory: directory.path, environment, log });
  const members = await pids(log);
  process.kill(guard.pid, 'SIGKILL');
  const lost = await guard.lost;
  expect(lost).toBeInstanceOf(GuardLostError);
  expect(lost.message).toBe('the guard process was lost (killed by SIGKILL); its children were killed');
  await until('the children are gone', () => !members.some(runs));
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await child.stop(1);
});
