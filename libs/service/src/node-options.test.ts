import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const file = new URL('./node-options.ts', import.meta.url).href;
const program = `
  import { ensureNodeOptions } from ${JSON.stringify(file)};
  ensureNodeOptions(['--v8-pool-size=1', '--max-semi-space-size=4']);
  console.log(JSON.stringify({ pid: process.pid, parent: process.ppid, options: process.execArgv, args: process.argv.slice(2), own: process.env.OWN }));
`;
const run = (options: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) =>
  JSON.parse(
    execFileSync(process.execPath, [...options, '--input-type=module', '--eval', program, 'a', 'b c'], {
      encoding: 'utf8',
      env: { ...process.env, OWN: 'kept', ...environment },
    }),
  ) as { pid: number; parent: number; options: readonly string[]; args: readonly string[]; own: string };

describe.skipIf(process.execve === undefined || process.platform === 'win32')('options of Node', () => {
  test('are given to a program that was started without them; all else stays as it was', () => {
    const { parent, options, own } = run();
    expect(options).toEqual(expect.arrayContaining(['--v8-pool-size=1', '--max-semi-space-size=4']));
    expect([parent, own]).toEqual([process.pid, 'kept']);
  });

  test('that were given stay', () => {
    const { options } = run(['--max_semi_space_size=8']);
    expect(options).toContain('--max_semi_space_size=8');
    expect(options).not.toContain('--max-semi-space-size=4');
    expect(options).toContain('--v8-pool-size=1');
    const { options: others } = run([], { NODE_OPTIONS: '--max-semi-space-size=8 --v8-pool-size=2' });
    expect(others.filter(option => /^--(max-semi|v8-pool)/.test(option))).toEqual([]);
  });
});
