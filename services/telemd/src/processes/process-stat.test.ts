import { expect, test } from 'vitest';
import { parseAuxiliaryVector, readKernelUnits } from './auxiliary-vector.ts';
import { parseChildren } from './descendants.ts';
import { hasEnded, parseForks, parseProcessStat } from './process-stat.ts';

const raspberryPi =
  '2417 (node) S 2400 2417 2400 34816 2417 4194304 18273 912 34 2 1520 310 25 7 20 0 11 0 918273 1273856000 15210 18446744073709551615 1 1 0 0 0 0 0 16781312 134234626 0 0 0 17 2 0 0 0 0 0 0 0 0 0 0 0 0 0\n';

test('fields of a process on a Raspberry Pi', () => {
  expect(parseProcessStat(Buffer.from(raspberryPi))).toEqual({
    state: 'S',
    parent: 2400,
    cpu: 1830,
    waited: 32,
    threads: 11,
    rss: 15210,
  });
});

test('a program may be called anything', () => {
  const named = raspberryPi.replace('(node)', '(a) R 1 (\n) b))');
  expect(parseProcessStat(Buffer.from(named))).toEqual(parseProcessStat(Buffer.from(raspberryPi)));
});

test('a process that was not waited for has ended, one whose first thread has ended runs on', () => {
  const stat = parseProcessStat(Buffer.from(raspberryPi));
  expect(hasEnded(stat)).toBe(false);
  expect(hasEnded({ ...stat, state: 'Z', threads: 1 })).toBe(true);
  expect(hasEnded({ ...stat, state: 'Z', threads: 3 })).toBe(false);
});

test('the number of forks, or undefined where the kernel does not tell', () => {
  expect(parseForks(Buffer.from('cpu  1 2 3 4\nprocesses 33511\nprocs_running 1\n'))).toBe(33511);
  expect(parseForks(Buffer.from('cpu  1 2 3 4\n'))).toBeUndefined();
});

test('a list of children', () => {
  expect(parseChildren(Buffer.from('12 13 1400 '))).toEqual([12, 13, 1400]);
  expect(parseChildren(Buffer.from(''))).toEqual([]);
});

test('page size and clock ticks, of 64-bit and 32-bit programs, or the common ones', () => {
  const wide = Buffer.alloc(48);
  wide.writeBigUInt64LE(6n, 0);
  wide.writeBigUInt64LE(16384n, 8);
  wide.writeBigUInt64LE(17n, 16);
  wide.writeBigUInt64LE(250n, 24);
  expect(parseAuxiliaryVector(wide, 8, true)).toEqual({ page: 16384, ticks: 250 });
  const narrow = Buffer.alloc(16);
  narrow.writeUInt32BE(6, 0);
  narrow.writeUInt32BE(65536, 4);
  expect(parseAuxiliaryVector(narrow, 4, false)).toEqual({ page: 65536, ticks: 100 });
  expect(readKernelUnits('/nowhere', 'x64')).toEqual({ page: 4096, ticks: 100 });
});
