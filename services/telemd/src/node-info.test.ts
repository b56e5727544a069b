import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { writeTree } from '../test/sources.ts';
import { parseBootTime, parseDefaultRoute, readNodeInfo } from './node-info.ts';

const route = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
`;

const raspberryPi = {
  'proc/stat': 'cpu  1 2 3 4\ncpu0 1 2 3 4\ncpu1 1 2 3 4\ncpu2 1 2 3 4\ncpu3 1 2 3 4\nbtime 1700000000\nprocesses 5\n',
  'proc/meminfo': 'MemTotal:        8128644 kB\nMemFree: 5 kB\nMemAvailable: 6 kB\n',
  'proc/diskstats': ' 179 0 mmcblk0 1 2 3 4 5 6 7 8 9 10 11\n 7 0 loop0 1 2 3 4 5 6 7 8 9 10 11\n',
  'proc/net/dev': '\n\n lo: 1 2 3 4 5 6 7 8 9 10 11\n eth0: 1 2 3 4 5 6 7 8 9 10 11\n wlan0: 1 2 3 4 5 6 7 8 9 10 11\n',
  'proc/net/route': route,
  'proc/sys/kernel/osrelease': '6.6.31+rpt-rpi-v8\n',
  'sys/class/net/eth0/device/uevent': '',
  'sys/class/net/wlan0/device/uevent': '',
  'sys/class/net/eth0/speed': '1000\n',
  'sys/block/mmcblk0/device/type': 'SD\n',
  'sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
  'sys/devices/system/clocksource/clocksource0/current_clocksource': 'arch_sys_counter\n',
};

const read = (path: string, unavailable: { name: string; reason: string }[] = []) =>
  readNodeInfo({
    procRoot: `${path}/proc`,
    sysRoot: `${path}/sys`,
    netDevices: [],
    diskDevices: [],
    hostname: 'pi-1',
    arch: 'arm64',
    unavailable,
  });

test('a Raspberry Pi 4', async () => {
  await using root = await temporaryDirectory();
  await writeTree(root.path, raspberryPi);
  expect(await read(root.path)).toEqual({
    arch: 'arm64',
    boot: '1700000000',
    hostname: 'pi-1',
    ram: '8128644',
    cpus: '4',
    disk: 'mmcblk0',
    net: 'eth0 wlan0',
    netspeed: '1000',
    kernel: '6.6.31+rpt-rpi-v8',
    cgroup: 'v2',
    clocksource: 'arch_sys_counter',
  });
});

test('what can not be told is left out and named with its reason', async () => {
  await using root = await temporaryDirectory();
  const { 'sys/fs/cgroup/cgroup.controllers': _, 'proc/diskstats': __, ...rest } = raspberryPi;
  await writeTree(root.path, { ...rest, 'sys/class/net/eth0/speed': '-1\n' });
  const info = await read(root.path, [{ name: 'psi', reason: 'no /proc/pressure' }]);
  expect(Object.keys(info)).toEqual(['arch', 'boot', 'hostname', 'ram', 'cpus', 'net', 'kernel', 'clocksource', 'unavailable']);
  expect(info['unavailable']).toContain('instrument psi: no /proc/pressure; disk: ENOENT');
  expect(info['unavailable']).toContain('/sys/class/net/eth0/speed says -1');
  expect(info['unavailable']).toContain('no control groups are mounted');
});

describe('control groups', () => {
  const rows: [file: string, version: string][] = [
    ['sys/fs/cgroup/unified/cgroup.controllers', 'hybrid'],
    ['sys/fs/cgroup/cpu/tasks', 'v1'],
    ['sys/fs/cgroup/memory/tasks', 'v1'],
  ];
  test.each(rows)('%s means %s', async (file, version) => {
    await using root = await temporaryDirectory();
    await writeTree(root.path, { [file]: '' });
    expect((await read(root.path))['cgroup']).toBe(version);
  });
});

test('the default route is the one with the least metric', () => {
  expect(parseDefaultRoute(route)).toBe('eth0');
  expect(() => parseDefaultRoute('Iface\tDestination\n')).toThrow('no default route');
  expect(() => parseDefaultRoute('')).toThrow('no default route');
});

test('the time of boot', () => {
  expect(parseBootTime('cpu 1\nbtime 1700000000\n')).toBe('1700000000');
  expect(() => parseBootTime('cpu 1\n')).toThrow('btime');
});
