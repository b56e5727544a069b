import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { spoolDirectory } from './directory.ts';

test.each([
  ['the runtime directory', '/run/user/1000', ['/run/user/1000', '/dev/shm'], 1000, '/run/user/1000/galileo/telemd-node-1'],
  ['not a runtime directory on disk', '/run/user/1000', ['/dev/shm'], 1000, '/dev/shm/galileo-1000-telemd-node-1'],
  ['shared memory', undefined, ['/dev/shm'], 0, '/dev/shm/galileo-0-telemd-node-1'],
  ['no empty runtime directory', '', ['', '/dev/shm'], 0, '/dev/shm/galileo-0-telemd-node-1'],
  ['the temporary directory', undefined, [], 1000, '/tmp/galileo-1000-telemd-node-1'],
  ['a system without users', undefined, [], undefined, '/tmp/galileo-telemd-node-1'],
])('the spool lies in %s', (_, runtimeDirectory, memory: readonly string[], user, directory) => {
  const inMemory = (path: string) => memory.includes(path);
  expect(spoolDirectory('telemd', 'node-1', { runtimeDirectory, temporaryDirectory: '/tmp', user, inMemory })).toBe(directory);
});

test.each([
  ['a/../b', 'galileo-1-client-a%2F..%2Fb'],
  ['ü', 'galileo-1-client-%C3%BC'],
  ['n'.repeat(300), `galileo-1-client-${'n'.repeat(193)}`],
])('the node %j is a file name', (node, name) => {
  const surroundings = { runtimeDirectory: undefined, temporaryDirectory: '/tmp', user: 1, inMemory: () => false };
  expect(spoolDirectory('client', node, surroundings)).toBe(`/tmp/${name}`);
});

test.runIf(process.platform === 'linux')('the kernel is asked what is in memory', () => {
  const surroundings = { temporaryDirectory: tmpdir(), user: 7 };
  expect(spoolDirectory('client', 'n', { ...surroundings, runtimeDirectory: '/proc' })).not.toContain('/proc');
  expect(spoolDirectory('client', 'n', { ...surroundings, runtimeDirectory: '/nowhere' })).not.toContain('/nowhere');
});
