import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { readOnce, sourcesAt, writeTree } from '../../test/sources.ts';
import { Unavailable } from '../instrument.ts';
import { parseMemory, ram } from './ram.ts';

const raspberryPi3 = `MemTotal:         948280 kB
MemFree:          311520 kB
MemAvailable:     701788 kB
Buffers:           38948 kB
Cached:           396516 kB
SwapCached:            0 kB
CmaTotal:          65536 kB
CmaFree:           49372 kB
`;

const x86Server = `MemTotal:       263843012 kB
MemFree:         3120448 kB
MemAvailable:   201175532 kB
Buffers:         1830112 kB
HugePages_Total:       0
DirectMap1G:    219152384 kB
`;

test('memory of a Raspberry Pi and of a server', () => {
  expect(parseMemory(Buffer.from(raspberryPi3))).toEqual({ total: 948280, available: 701788 });
  expect(parseMemory(Buffer.from(x86Server))).toEqual({ total: 263843012, available: 201175532 });
});

test('a file without MemTotal, or one that is cut off, is an error', () => {
  for (const text of ['', 'MemFree: 5 kB\n', 'MemTotal:  94', 'MemTotal: lots kB\n']) {
    expect(() => parseMemory(Buffer.from(text)), text).toThrow();
  }
});

test('what is in use is reported; a kernel that does not tell is unavailable, not 0', async () => {
  await using directory = await temporaryDirectory();
  await writeTree(directory.path, { 'proc/meminfo': raspberryPi3 });
  using instrument = ram.open(sourcesAt(directory.path));
  expect(readOnce(instrument).values).toEqual({ ram: 948280 - 701788 });
  await writeTree(directory.path, { 'proc/meminfo': 'MemTotal: 948280 kB\nMemFree: 311520 kB\n' });
  expect(() => readOnce(instrument)).toThrow(Unavailable);
});
