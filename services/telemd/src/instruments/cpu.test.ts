import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { manualClock, readOnce, sourcesAt, writeTree } from '../../test/sources.ts';
import { busyPercent, cpu, parseCpuTimes } from './cpu.ts';

const x86Server = `cpu  84126377 12044 21950714 5120347651 1043312 0 604172 1377021 0 0
cpu0 42063188 6022 10975357 2560173825 521656 0 302086 688510 0 0
cpu1 42063189 6022 10975357 2560173826 521656 0 302086 688511 0 0
intr 9182736455 38 9 0 0 0 0 0 0 0 1 0 0 0 0 0 0 31 0 0
ctxt 18273645500
btime 1693526400
processes 48211377
procs_running 3
procs_blocked 0
softirq 5182736455 1 182736455 2 812736455 102736455 0 7 182736455 0 82736455
`;

const raspberryPi4 = `cpu  120394 55 40229 5830021 9412 0 3302 0 0 0
cpu0 31022 12 11873 1449311 2903 0 3101 0 0 0
cpu1 29411 15 9482 1460022 2203 0 88 0 0 0
cpu2 30112 14 9502 1459944 2101 0 61 0 0 0
cpu3 29849 14 9372 1460744 2205 0 52 0 0 0
intr 38277463 0 28711234 0 0 0 0 0 0 0 0
ctxt 60718811
btime 1700000000
processes 33511
procs_running 1
procs_blocked 0
softirq 12377463 11 4711234 3 711234 0 0 881 3711234 0 3242866
`;

describe('parsing /proc/stat', () => {
  test('of an x86 server: steal counts as busy, guest does not count twice', () => {
    const [all, first] = parseCpuTimes(Buffer.from(x86Server));
    expect(all).toEqual({ core: null, busy: 84126377 + 12044 + 21950714 + 604172 + 1377021, idle: 5120347651, iowait: 1043312 });
    expect(first?.core).toBe('0');
  });

  test('of a Raspberry Pi: four cores', () => {
    expect(parseCpuTimes(Buffer.from(raspberryPi4)).map(({ core }) => core)).toEqual([null, '0', '1', '2', '3']);
  });

  test('of an old kernel with four columns', () => {
    expect(parseCpuTimes(Buffer.from('cpu 1 2 3 4\n'))).toEqual([{ core: null, busy: 6, idle: 4, iowait: 0 }]);
  });

  const damaged: [sentence: string, text: string][] = [
    ['is empty', ''],
    ['begins with something else', 'intr 5\n'],
    ['ends within a number', 'cpu  1 2 3 4 5'],
    ['has too few columns', 'cpu  1 2 3\n'],
    ['has a strange core', 'cpuidle 1 2 3 4\n'],
    ['has a word for a number', 'cpu  1 2 many 4\n'],
  ];
  test.each(damaged)('fails where the file %s', (_, text) => expect(() => parseCpuTimes(Buffer.from(text))).toThrow());
});

describe('busy share', () => {
  const times = (busy: number, idle: number, iowait = 0) => ({ core: null, busy, idle, iowait });
  const table: [
    sentence: string,
    before: ReturnType<typeof times>,
    now: ReturnType<typeof times>,
    percent: number | undefined,
  ][] = [
    ['is busy over all', times(0, 0), times(30, 60, 10), 30],
    ['is 0 when idle', times(5, 5), times(5, 55), 0],
    ['is 100 when never idle', times(5, 5), times(55, 5), 100],
    ['takes falling iowait as no waiting', times(0, 0, 10), times(50, 50, 8), 50],
    ['is unknown without a tick', times(5, 5), times(5, 5), undefined],
    ['is unknown after a reset', times(500, 500), times(5, 505), undefined],
    ['is unknown when idle time falls', times(0, 500), times(50, 5), undefined],
  ];
  test.each(table)('%s', (_, before, now, percent) => expect(busyPercent(before, now)).toBe(percent));
});

test('cores come and go; each reading carries the time at which it was taken', async () => {
  await using directory = await temporaryDirectory();
  const write = (stat: string) => writeTree(directory.path, { 'proc/stat': stat });
  const clock = manualClock();
  await write('cpu  0 0 0 0\ncpu0 0 0 0 0\n');
  using instrument = cpu.open(sourcesAt(directory.path, { clock }));
  expect(readOnce(instrument).values).toEqual({});
  await write('cpu  50 0 0 50\ncpu0 50 0 0 50\ncpu1 5 0 0 5\n');
  clock.advance(0.5);
  const second = readOnce(instrument);
  expect(second.values).toEqual({ cpu: 50, 'cpu/0': 50 });
  expect(second.times).toEqual([clock.now(), clock.now()]);
  await write('cpu  100 0 0 100\ncpu1 5 0 0 55\n');
  clock.advance(0.5);
  expect(readOnce(instrument).values).toEqual({ cpu: 50, 'cpu/1': 0 });
});
