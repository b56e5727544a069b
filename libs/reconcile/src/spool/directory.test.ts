import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { spoolDirectory, spoolName } from './directory.ts';

test.each([
  ['the runtime directory', '/run/user/1000', ['/run/user/1000', '/dev/shm'], 1000, '/run/user/1000/galileo/telemd-node-1'],
  ['not a runtime directory on disk', '/run/user/1000', ['/dev/shm'], 1000, '/dev/shm/galileo-1000-telemd-node-1'],
  ['shared memory', undefined, ['/dev/shm'], 0, '/dev/shm/galileo-0-telemd-node-1'],
  ['no empty runtime directory', '', ['', '/dev/shm'], 0, '/dev/shm/galileo-0-telemd-node-1'],
  ['the temporary directory', undefined, [], 1000, '/tmp/galileo-1000-telemd-node-1'],
  ['a system without users', undefined, [], undefined, '/tmp/galileo-telemd-node-1'],
])('the spool lies in %s', (_, runtimeDirectory, memory: readonly string[], user, directory) => {
  const inMemory = (path: string) => memory.includes(path);
  expect(spoolDirectory('telemd-node-1', { runtimeDirectory, temporaryDirectory: '/tmp', user, inMemory })).toBe(directory);
});

test.each([
  ['a/../b', 'galileo-1-client-a%2F..%2Fb'],
  ['ü', 'galileo-1-client-%C3%BC'],
  ['n'.repeat(193), `galileo-1-client-${'n'.repeat(193)}`],
  ['n'.repeat(194), expect.stringMatching(/^galileo-1-client-n{176}-[0-9a-f]{16}$/)],
])('the node %j is a file name', (node, name) => {
  const surroundings = { runtimeDirectory: undefined, temporaryDirectory: '/tmp', user: 1, inMemory: () => false };
  expect(dirname(spoolDirectory(`client-${node}`, surroundings))).toBe('/tmp');
  expect(basename(spoolDirectory(`client-${node}`, surroundings))).toEqual(name);
});

test.each([
  ['begin alike for long', `${'n'.repeat(300)}-a:50054`, `${'n'.repeat(300)}-b:50054`],
  ['differ in what no file name may hold', 'a/b', 'a:b'],
  ['differ in what stands for it', 'a/b', 'a%2Fb'],
])('names that %s are different file names, of a length that Linux allows', (_, one, other) => {
  expect(spoolName(one)).not.toBe(spoolName(other));
  for (const name of [one, other]) {
    expect(spoolName(name).length).toBeLessThanOrEqual(200);
    expect(spoolName(name)).not.toContain('/');
  }
});

test.runIf(process.platform === 'linux')('the kernel is asked what is in memory', () => {
  const surroundings = { temporaryDirectory: tmpdir(), user: 7 };
  expect(spoolDirectory('client-n', { ...surroundings, runtimeDirectory: '/proc' })).not.toContain('/proc');
  expect(spoolDirectory('client-n', { ...surroundings, runtimeDirectory: '/nowhere' })).not.toContain('/nowhere');
});
