import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { manualClock, readOnce, sourcesAt, writeTree } from '../../test/sources.ts';
import { Unavailable } from '../instrument.ts';
import { net, parseNetworkDevices } from './net.ts';

const heading = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;

const raspberryPi = `${heading}    lo:  104220    1082    0    0    0     0          0         0   104220    1082    0    0    0     0       0          0
  eth0: 3182736455 2918273    0   12    0     0          0     81772 918273645  877263    0    0    0     0       0          0
 wlan0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
`;

// Old kernels leave no blank after the colon when the number is long.
const bigCounters = `${heading}eth0:18446744073709551615 1 0 0 0 0 0 0 9007199254740993 1 0 0 0 0 0 0
`;

const row = (name: string, rx: number, tx: number) => `  ${name}: ${rx} 1 0 0 0 0 0 0 ${tx} 1 0 0 0 0 0 0\n`;

describe('parsing /proc/net/dev', () => {
  test('of a Raspberry Pi', () => {
    expect(parseNetworkDevices(Buffer.from(raspberryPi))).toEqual([
      { name: 'lo', incoming: 104220, outgoing: 104220 },
      { name: 'eth0', incoming: 3182736455, outgoing: 918273645 },
      { name: 'wlan0', incoming: 0, outgoing: 0 },
    ]);
  });

  test('with counters beyond 2^53 and no blank after the colon', () => {
    expect(parseNetworkDevices(Buffer.from(bigCounters))).toEqual([{ name: 'eth0', incoming: 2 ** 64, outgoing: 2 ** 53 }]);
  });

  const damaged: [sentence: string, text: string][] = [
    ['is empty', ''],
    ['ends within a line', raspberryPi.slice(0, -40)],
    ['lacks the colon', `${heading}eth0 1 2\n`],
    ['has too few columns', `${heading}eth0: 1 2 3\n`],
  ];
  test.each(damaged)('fails where the file %s', (_, text) => expect(() => parseNetworkDevices(Buffer.from(text))).toThrow());
});

async function open(path: string, files: Record<string, string>, netDevices: string[] = []) {
  await writeTree(path, files);
  const clock = manualClock();
  const instrument = net.open(sourcesAt(path, { clock, netDevices }));
  const next = async (rows: string, elapsed: number) => {
    await writeTree(path, { 'proc/net/dev': heading + rows });
    clock.advance(elapsed);
    return readOnce(instrument).values;
  };
  return { next, [Symbol.dispose]: () => instrument[Symbol.dispose]() };
}

const physical = { 'sys/class/net/eth0/device/uevent': '', 'sys/class/net/eth1/device/uevent': '', 'proc/net/dev': heading };

test('rates are kB/s over the time that really passed, of physical devices', async () => {
  await using directory = await temporaryDirectory();
  using device = await open(directory.path, physical);
  expect(await device.next(row('lo', 0, 0) + row('eth0', 1000, 500) + row('docker0', 0, 0), 0.5)).toEqual({});
  expect(await device.next(row('lo', 9, 9) + row('eth0', 5000, 2500) + row('docker0', 9, 9), 2)).toEqual({
    'rx/eth0': 2,
    'tx/eth0': 1,
  });
});

test('a counter that falls gives no sample, and then rates from there', async () => {
  await using directory = await temporaryDirectory();
  using device = await open(directory.path, physical);
  await device.next(row('eth0', 4294967000, 8000), 1);
  expect(await device.next(row('eth0', 704, 9000), 1)).toEqual({});
  expect(await device.next(row('eth0', 1704, 10000), 1)).toEqual({ 'rx/eth0': 1, 'tx/eth0': 1 });
});

test('devices come and go', async () => {
  await using directory = await temporaryDirectory();
  using device = await open(directory.path, physical);
  await device.next(row('eth0', 0, 0), 1);
  expect(await device.next(row('eth0', 1000, 1000) + row('eth1', 7e9, 7e9), 1)).toEqual({ 'rx/eth0': 1, 'tx/eth0': 1 });
  expect(await device.next(row('eth1', 7e9 + 1000, 7e9), 1)).toEqual({ 'rx/eth1': 1, 'tx/eth1': 0 });
  expect(await device.next(row('eth0', 50, 50) + row('eth1', 7e9 + 1000, 7e9), 1)).toEqual({ 'rx/eth1': 0, 'tx/eth1': 0 });
});

test('no time, no rate', async () => {
  await using directory = await temporaryDirectory();
  using device = await open(directory.path, physical);
  await device.next(row('eth0', 0, 0), 1);
  expect(await device.next(row('eth0', 1000, 1000), 0)).toEqual({});
});

test('wanted devices are reported, whatever they are; if there is none of them that is said', async () => {
  await using directory = await temporaryDirectory();
  using device = await open(directory.path, physical, ['lo', 'wlan0']);
  await device.next(row('lo', 0, 0) + row('eth0', 0, 0), 1);
  expect(await device.next(row('lo', 1000, 1000) + row('eth0', 0, 0), 1)).toEqual({ 'rx/lo': 1, 'tx/lo': 1 });
  const gone = device.next(row('eth0', 0, 0), 1);
  await expect(gone).rejects.toThrow(Unavailable);
  await expect(gone).rejects.toThrow('no network device lo wlan0; there are: eth0');
});
