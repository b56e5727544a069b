import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { missing } from './missing.ts';
import { startProgram } from './program.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

/** Orphans that have ended stay as zombies until process 1 reaps them. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    // Without /proc, but there.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}

const shell = (script: string) => ['/bin/sh', '-c', script];

describe('missing', () => {
  it('knows what is in PATH', () => {
    expect(missing('sh')).toBe(false);
    expect(missing('galileo-has-no-such-program')).toBe(true);
  });
});

describe('startProgram', () => {
  it('gives a program PATH, HOME, XDG_RUNTIME_DIR and what it is told, nothing else of the environment', async () => {
    process.env['galileo_token'] = 'of the developer';
    await using program = await startProgram([process.execPath, '-p', 'JSON.stringify(process.env)'], {
      environment: { galileo_bus: 'direct' },
    });
    delete process.env['galileo_token'];
    expect(await program.exited).toEqual({ code: 0, signal: null });
    const { PATH, HOME, XDG_RUNTIME_DIR, ...rest } = JSON.parse(program.output()) as Record<string, string>;
    for (const [name, value] of Object.entries({ PATH, HOME, XDG_RUNTIME_DIR }))
      expect([name, value]).toEqual([name, process.env[name]]);
    expect(rest).toEqual({ galileo_bus: 'direct' });
  });

  it('tells how a program ended, and what it printed on both streams', async () => {
    await using program = await startProgram(shell('echo out; echo err >&2; exit 3'));
    expect(await program.exited).toEqual({ code: 3, signal: null });
    expect(program.running).toBe(false);
    expect(program.output()).toBe('out\nerr\n');
  });

  it('waits for output, and says what there was if the program ends without it', async () => {
    await using program = await startProgram(shell('echo the port is 17; read nothing < /dev/null; echo bye'));
    expect((await program.untilOutput(/port is (\d+)/))[1]).toBe('17');
    await expect(program.untilOutput('(never)')).rejects.toThrow(/ended \(exit code 0\) without output \(never\).*\n.*17\nbye/);
  });

  it('keeps a log that it is told to keep', async () => {
    await using directory = await temporaryDirectory();
    const log = join(directory.path, 'program.log');
    for (const word of ['one', 'two']) {
      await using program = await startProgram(shell(`echo ${word}; pwd`), { log, directory: directory.path });
      await program.exited;
    }
    expect(readFileSync(log, 'utf8')).toBe(`one\n${directory.path}\ntwo\n${directory.path}\n`);
  });

  it('names a program that is not there', async () => {
    await expect(startProgram(['galileo-has-no-such-program'])).rejects.toThrow(
      'galileo-has-no-such-program could not be started',
    );
  });

  it('ends what a program leaves behind in its process group', async () => {
    await using program = await startProgram(shell('sleep 600 & echo child $!'));
    const child = Number((await program.untilOutput(/child (\d+)/))[1]);
    await program.exited;
    await until('the end of the child', () => !runs(child));
  });

  it('pauses, resumes and kills a program', async () => {
    await using program = await startProgram(shell('trap "echo term; exit 0" TERM; echo ready; while :; do sleep 0.01; done'));
    await program.untilOutput('ready');
    program.pause();
    program.kill('SIGTERM');
    expect(program.running).toBe(true);
    program.resume();
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.output()).toContain('term');
  });

  it.each([
    ['is killed', 'SIGKILL'],
    ['exits without disposing anything', 'SIGUSR2'],
  ] as const)('ends its programs, stopped ones too, when the test process %s', async (_, signal) => {
    await using victim = await startProgram([process.execPath, fileURLToPath(new URL('../test/careless.ts', import.meta.url))]);
    const [, numbers, directory] = await victim.untilOutput(/running (.*) in (.*)\n/);
    const pids = numbers!.split(' ').map(Number);
    expect(pids.map(runs)).toEqual([true, true, true]);
    await victim.kill(signal);
    await until('the end of its programs', () => !pids.some(runs));
    await until('their directories are removed', () => missingFile(directory!));
  });
});

function missingFile(path: string): boolean {
  try {
    readFileSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
