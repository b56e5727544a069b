import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram, temporaryDirectory, until } from '@galileo/testkit';
import { describe, expect, it, test } from 'vitest';
import { SpoolLockedError } from './errors.ts';
import { takeLock } from './lock.ts';
import { simulateSystem } from './simulated-system.ts';
import { createSystem } from './system.ts';

const system = createSystem();
const holder = (directory: string) => [
  process.execPath,
  '--input-type=module',
  '-e',
  `import { createSystem } from ${JSON.stringify(new URL('./system.ts', import.meta.url).href)};
   import { takeLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
   takeLock(createSystem(), process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`,
  directory,
];

describe('the lock of a directory', () => {
  it('is had once, and again when it was let go', async () => {
    await using directory = await temporaryDirectory();
    const lock = takeLock(system, directory.path);
    expect(() => takeLock(system, directory.path)).toThrow(SpoolLockedError);
    lock[Symbol.dispose]();
    takeLock(system, directory.path)[Symbol.dispose]();
    expect(system.list(directory.path)).toEqual([]);
  });

  it('that another process has is refused, with its number, until that is killed', async () => {
    await using directory = await temporaryDirectory();
    await using other = await startProgram(holder(directory.path));
    await other.untilOutput('held');
    const message = `the spool ${directory.path} is used by the process ${other.pid}; allowed: a directory that no other producer uses`;
    expect(() => takeLock(system, directory.path)).toThrow(message);
    await other.kill('SIGKILL');
    takeLock(system, directory.path)[Symbol.dispose]();
    expect(system.list(directory.path)).toEqual([]);
  });

  it('is free when its process is a zombie that nobody has waited for', async () => {
    await using directory = await temporaryDirectory();
    // The shell starts the holder and never waits for it.
    const script = '"$@" & child=$!; echo "child $child"; exec sleep 60';
    await using shell = await startProgram(['sh', '-c', script, 'sh', ...holder(directory.path)]);
    await shell.untilOutput('held');
    const [, child] = await shell.untilOutput(/child (\d+)/);
    expect(() => takeLock(system, directory.path)).toThrow(SpoolLockedError);
    process.kill(Number(child), 'SIGKILL');
    const lock = await until('the lock is free', () => takeLock(system, directory.path));
    lock[Symbol.dispose]();
  });

  it.each([
    ['of this process number, but an earlier start', (boot: string) => `lock.${boot}-${process.pid}-1`],
    ['of an earlier boot', (_: string) => `lock.00000000-${system.process}`],
    ['of a process that can not be', (boot: string) => `lock.${boot}-4194999-77`],
    ['without a process', (boot: string) => `lock.${boot}-`],
  ])('%s is taken over', async (_, nameFor) => {
    await using directory = await temporaryDirectory();
    writeFileSync(join(directory.path, nameFor(system.boot.slice(0, 8))), '');
    using _lock = takeLock(system, directory.path);
    expect(system.list(directory.path)).toHaveLength(1);
  });

  it('is taken again when its file was removed, unless another process came first', () => {
    const simulated = simulateSystem();
    const running = new Set([simulated.process, '77-1']);
    const one = { ...simulated, runs: (name: string) => running.has(name) };
    const other = { ...one, process: '77-1' };
    const wipe = () => {
      simulated.wipe();
      simulated.makeDirectory('/spool');
    };
    simulated.makeDirectory('/spool');
    const lock = takeLock(one, '/spool');
    wipe();
    lock.keep();
    expect(() => takeLock(other, '/spool')).toThrow('is used by the process 1');
    wipe();
    takeLock(other, '/spool');
    expect(() => lock.keep()).toThrow('is used by the process 77');
    expect(simulated.names).toEqual(['lock.00000000-77-1']);
  });
});

test('a process is known by number and start', () => {
  expect(system.runs(system.process)).toBe(true);
  expect(system.runs(`${process.pid}-1`)).toBe(false);
  expect(system.runs('nonsense')).toBe(false);
});
