import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { writeTree } from '../test/sources.ts';
import { chooseDevices, createDeviceFilter, diskRule, networkRule } from './devices.ts';

const rows: [sentence: string, kind: typeof networkRule, found: string[], wanted: string[], chosen: string[]][] = [
  ['physical network devices', networkRule, ['lo', 'eth0', 'docker0', 'veth12'], [], ['eth0']],
  ['in a container, all but loopback', networkRule, ['lo', 'eth9', 'tun0'], [], ['eth9', 'tun0']],
  ['wanted ones alone, even loopback', networkRule, ['lo', 'eth0'], ['lo'], ['lo']],
  ['physical disks', diskRule, ['loop0', 'ram0', 'zram0', 'sda', 'sda1', 'dm-0', 'md0'], [], ['sda']],
  ['a disk with a slash in its name', diskRule, ['cciss/c0d0', 'cciss/c0d0p1'], [], ['cciss/c0d0']],
  ['without a physical disk, all but loop, ram and zram', diskRule, ['loop0', 'ram15', 'zram0', 'xvda'], [], ['xvda']],
  ['wanted ones alone, even a partition', diskRule, ['sda', 'sda1'], ['sda1', 'sdb'], ['sda1']],
];

test.each(rows)('%s', async (_, rule, found, wanted, chosen) => {
  await using sys = await temporaryDirectory();
  await writeTree(sys.path, {
    'class/net/eth0/device/uevent': '',
    'class/net/docker0/bridge/name': '',
    'block/sda/device/model': '',
    'block/cciss!c0d0/device/model': '',
    'block/dm-0/dm/name': '',
  });
  expect([...chooseDevices(found, rule(sys.path, wanted))]).toEqual(chosen);
});

test('if nothing is left, the error says what there is', () => {
  expect(() => chooseDevices(['lo'], networkRule('/nowhere', []))).toThrow('no network device but ignored ones; there are: lo');
  expect(() => chooseDevices([], diskRule('/nowhere', ['sda']))).toThrow('no block device sda; there are: none');
});

test('sysfs is asked again only when devices come or go', () => {
  let asked = 0;
  const isPhysical = () => {
    asked += 1;
    return true;
  };
  const filter = createDeviceFilter({ kind: 'device', wanted: [], isIgnored: () => false, isPhysical });
  for (let reading = 0; reading < 5; reading += 1) expect([...filter(['a', 'b'])]).toEqual(['a', 'b']);
  expect(asked).toBe(2);
  filter(['a', 'c']);
  expect(asked).toBe(4);
});
