import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { manualClock, readOnce, sourcesAt, writeTree } from '../../test/sources.ts';
import { disk, parseDisks } from './disk.ts';

// Linux 4.14, 32 bits: 11 fields after the name.
const raspberryPi3 = `   1       0 ram0 0 0 0 0 0 0 0 0 0 0 0
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0
 179       0 mmcblk0 24511 9120 1680022 188210 40122 51120 1422208 982010 0 301220 1170110
 179       1 mmcblk0p1 211 1012 10144 1120 2 0 2 10 0 810 1130
 179       2 mmcblk0p2 24221 8108 1665766 186910 40120 51120 1422206 982000 0 300710 1168910
`;

// Linux 6.1: with discards and flushes.
const x86Server = `   7       0 loop0 112 0 2310 44 0 0 0 0 0 68 44 0 0 0 0 0 0
 259       0 nvme0n1 81726354 1027364 7182736455 21827364 91827364 40192837 9182736455 81726354 0 40192837 104827364 0 0 0 0 1182736 1273645
 259       1 nvme0n1p1 1029 2011 20192 301 2 0 2 0 0 212 301 0 0 0 0 0 0
 253       0 dm-0 81726000 0 7182730000 21827000 91827000 0 9182730000 81726000 0 40192000 104827000 0 0 0 0 0 0
`;

describe('parsing /proc/diskstats', () => {
  test('of a Raspberry Pi 3: sectors of 512 bytes', () => {
    expect(parseDisks(Buffer.from(raspberryPi3))[2]).toEqual({
      name: 'mmcblk0',
      incoming: 1680022 * 512,
      outgoing: 1422208 * 512,
    });
  });

  test('of an x86 server', () => {
    expect(parseDisks(Buffer.from(x86Server)).map(({ name }) => name)).toEqual(['loop0', 'nvme0n1', 'nvme0n1p1', 'dm-0']);
    expect(parseDisks(Buffer.from(x86Server))[1]).toMatchObject({ incoming: 7182736455 * 512, outgoing: 9182736455 * 512 });
  });

  const damaged: [sentence: string, text: string][] = [
    ['ends within a line', x86Server.slice(0, -10)],
    ['has too few columns', ' 8 0 sda 1 2 3\n'],
    ['has no numbers', 'sda 1 2 3\n'],
  ];
  test.each(damaged)('fails where the file %s', (_, text) => expect(() => parseDisks(Buffer.from(text))).toThrow());
});

test('physical disks are reported, not their partitions nor what stands on top of them', async () => {
  await using directory = await temporaryDirectory();
  await writeTree(directory.path, {
    'proc/diskstats': x86Server,
    'sys/block/nvme0n1/device/model': '',
    'sys/block/dm-0/dm/name': '',
  });
  const clock = manualClock();
  using instrument = disk.open(sourcesAt(directory.path, { clock }));
  readOnce(instrument);
  const later = x86Server.replace('7182736455', '7182736955').replace('9182736455', '9182738455');
  await writeTree(directory.path, { 'proc/diskstats': later });
  clock.advance(2);
  expect(readOnce(instrument).values).toEqual({ 'rd/nvme0n1': (500 * 512) / 1000 / 2, 'wr/nvme0n1': (2000 * 512) / 1000 / 2 });
});
