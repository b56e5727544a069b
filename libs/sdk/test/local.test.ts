import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalOptions, openLocal } from '@galileo/sdk';
import { temporaryDirectory, until } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';

const standalone = [process.execPath, fileURLToPath(new URL('../../../services/standalone/src/main.ts', import.meta.url))];

const open = (dataDir: string, more: Partial<LocalOptions> = {}) => openLocal({ dataDir, program: standalone, ...more });

/** What `process.kill(pid, 0)` says, without zombies: this process is the parent and reaps its children. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const message = (promise: Promise<unknown>) =>
  promise.then(
    () => 'it was opened',
    (error: Error) => error.message,
  );

describe('a standalone', () => {
  test('is started in a session of its own, used, and ends when it is let go', async () => {
    await using directory = await temporaryDirectory();
    const dataDir = join(directory.path, 'new', 'data');
    let pid: number;
    {
      await using local = await open(dataDir);
      pid = local.pid;
      expect(local.started).toBe(true);
      expect(await local.orchestrator.client.listExperiments({})).toMatchObject({ experiments: [] });
      // proc_pid_stat(5): the session id is the fourth field after the command.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3])).toBe(pid);
      expect(await readFile(local.logFile, 'utf8')).toContain('ready');
    }
    expect(runs(pid)).toBe(false);
  });

  test('is joined by others, and stays until the one that started it is done', async () => {
    await using directory = await temporaryDirectory();
    await using first = await open(directory.path);
    {
      await using second = await open(directory.path);
      expect({ pid: second.pid, started: second.started }).toEqual({ pid: first.pid, started: false });
    }
    expect(await first.orchestrator.client.listExperiments({})).toMatchObject({ experiments: [] });
  });

  test('is started once by those that come at the same time', async () => {
    await using directory = await temporaryDirectory();
    const locals = await Promise.all([open(directory.path), open(directory.path), open(directory.path)]);
    try {
      expect(new Set(locals.map(local => local.pid)).size).toBe(1);
      expect(locals.filter(local => local.started)).toHaveLength(1);
    } finally {
      await Promise.all(locals.map(local => local[Symbol.asyncDispose]()));
    }
  });

  test('that was killed leaves a state that nobody falls for', async () => {
    await using directory = await temporaryDirectory();
    const first = await open(directory.path);
    process.kill(first.pid, 'SIGKILL');
    await first[Symbol.asyncDispose]();
    await using second = await open(directory.path);
    expect(second.started).toBe(true);
    expect(second.pid).not.toBe(first.pid);
  });
});

describe('the error is clear when', () => {
  test('the data directory cannot be made', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'file');
    await writeFile(file, '');
    const text = await message(open(join(file, 'data')));
    expect(text).toContain(`the data directory ${file}/data can't be written: ENOTDIR`);
    expect(text).toContain('galileo_data_dir');
  });

  test('the standalone that runs is of another version', async () => {
    await using directory = await temporaryDirectory();
    const state = { address: '127.0.0.1:1', token: 't', pid: process.pid, version: '99.1.0' };
    await writeFile(join(directory.path, 'standalone.json'), JSON.stringify(state));
    const text = await message(open(directory.path));
    expect(text).toMatch(/is version 99\.1\.0 of Galileo, this is version \d+\.\d+\.\d+; stop it \(kill \d+\)/);
  });

  test('the program ends at once: the end of its log is shown, and nothing of earlier ones', async () => {
    await using directory = await temporaryDirectory();
    const script = 'console.log(JSON.stringify({ msg: "failed", err: { message: "disk is full" } })); process.exit(3)';
    const program = [process.execPath, '-e', script];
    await message(open(directory.path, { program: [process.execPath, '-e', 'console.log("earlier"); process.exit(1)'] }));
    const text = await message(open(directory.path, { program }));
    expect(text).toContain('standalone ended with exit code 3');
    expect(text).toContain(join(directory.path, 'logs', 'standalone.log'));
    expect(text).toContain('\n  failed: disk is full');
    expect(text).not.toContain('earlier');
  });

  test('the program does not exist', async () => {
    await using directory = await temporaryDirectory();
    expect(await message(open(directory.path, { program: ['/nowhere/standalone'] }))).toContain(
      "standalone can't be started: spawn /nowhere/standalone ENOENT",
    );
  });

  test('the program never serves: it is ended', async () => {
    await using directory = await temporaryDirectory();
    const program = [process.execPath, '-e', 'console.log(process.pid); setInterval(() => {}, 1000)'];
    const text = await message(open(directory.path, { program, startTimeout: 1 }));
    expect(text).toContain(`no standalone served ${directory.path} within 1 s`);
    const log = await readFile(join(directory.path, 'logs', 'standalone.log'), 'utf8');
    expect(runs(Number(log))).toBe(false);
  });

  test('opening is given up: the program is ended', async () => {
    await using directory = await temporaryDirectory();
    const program = [process.execPath, '-e', 'console.log(process.pid); setInterval(() => {}, 1000)'];
    const controller = new AbortController();
    const opening = message(open(directory.path, { program, signal: controller.signal }));
    const log = join(directory.path, 'logs', 'standalone.log');
    const pid = Number(await until('the program has started', async () => (await readFile(log, 'utf8')).trim()));
    controller.abort();
    expect(await opening).toContain('aborted');
    expect(runs(pid)).toBe(false);
  });
});
