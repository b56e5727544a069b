import { setTimeout as sleep } from 'node:timers/promises';
import { TelemdDefinition } from '@galileo/proto/telemd';
import { ConfigError, connect, createClock, waitForServing } from '@galileo/service';
import { silentLog, until } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import type { TelemdConfig } from '../src/config.ts';
import { startTelemd } from '../src/service.ts';
import { startBurner } from './burner.ts';
import { recordingLog } from './log.ts';
import { startRecorderDouble } from './recorder-double.ts';

const context = { log: silentLog, clock: createClock() };

const quick = {
  period_cpu: 0.05,
  period_net: 0.05,
  period_load: 0.05,
  period_ram: 0.05,
  period_process: 0.05,
  period_self: 0.05,
};

async function start(changes: Partial<TelemdConfig> = {}) {
  const recorder = await startRecorderDouble();
  const config = {
    listen: '127.0.0.1:0',
    token: undefined,
    bus: 'direct' as const,
    recorder: recorder.address,
    nodename: 'n1',
    netDevices: ['lo'],
    ...quick,
  };
  const service = await startTelemd({ ...config, ...changes }, context);
  const { client, ...connection } = connect(TelemdDefinition, service.addresses['grpc']!);
  const of = (metric: string, subsystem: string | null = null) =>
    recorder.samples.filter(sample => sample.metric === metric && sample.subsystem === subsystem);
  return {
    recorder,
    client,
    of,
    address: service.addresses['grpc']!,
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      await service[Symbol.asyncDispose]();
      await recorder[Symbol.asyncDispose]();
    },
  };
}

test('samples of all instruments reach the recorder, each key once, at times within the run', async () => {
  const began = context.clock.now();
  await using telemd = await start();
  const { of, recorder, client } = telemd;
  await client.setProcesses({ processes: [{ name: 'me', pid: process.pid }] });
  for (const [metric, subsystem] of [
    ['cpu', null],
    ['cpu', '0'],
    ['ram', null],
    ['load1', null],
    ['load5', null],
    ['rx', 'lo'],
    ['tx', 'lo'],
    ['proc_cpu', 'me'],
    ['proc_rss', 'me'],
    ['self_cpu', null],
    ['self_rss', null],
    ['self_dropped', null],
  ] as const) {
    await until(`${metric}/${subsystem} comes`, () => of(metric, subsystem).length >= 3);
  }
  const keys = recorder.samples.map(({ metric, subsystem, timestamp }) => `${metric}/${subsystem} ${timestamp.toFixed(7)}`);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { node, timestamp, value } of recorder.samples) {
    expect(node).toBe('n1');
    expect(timestamp).toBeGreaterThanOrEqual(began);
    expect(timestamp).toBeLessThanOrEqual(context.clock.now());
    expect(value).toBeGreaterThanOrEqual(0);
  }
});

test('what the node is and what is measured can be asked', async () => {
  await using telemd = await start({ instrumentsDisable: ['load'] });
  const { node, info } = await telemd.client.getNodeInfo({});
  expect(node).toBe('n1');
  expect(info).toMatchObject({ hostname: expect.any(String), arch: expect.any(String), net: 'lo' });
  for (const field of ['ram', 'cpus', 'boot']) expect(Number(info[field])).toBeGreaterThan(0);
  const { instruments } = await telemd.client.listInstruments({});
  expect(instruments.map(({ name }) => name)).toEqual(['cpu', 'disk', 'load', 'net', 'process', 'ram', 'self']);
  expect(instruments.find(({ name }) => name === 'load')).toMatchObject({ enabled: false, unavailable: '', samples: 0 });
  await until('readings are counted', async () => {
    const cpu = (await telemd.client.listInstruments({})).instruments.find(({ name }) => name === 'cpu')!;
    return cpu.enabled && cpu.samples > 0 && cpu.meanDuration > 0 && cpu.failures === 0;
  });
});

test('what this node does not have is said to be unavailable and gives no sample', async () => {
  await using telemd = await start({ procMount: '/nowhere', instrumentsEnable: ['cpu', 'self'] });
  const { instruments } = await telemd.client.listInstruments({});
  const cpu = instruments.find(({ name }) => name === 'cpu')!;
  expect(cpu).toMatchObject({ enabled: false, samples: 0, failures: 0 });
  expect(cpu.unavailable).toContain('/nowhere/stat');
  const { info } = await telemd.client.getNodeInfo({});
  expect(info['unavailable']).toContain('instrument cpu: ENOENT');
  expect(info).not.toHaveProperty('ram');
  await until('the others go on', () => telemd.of('self_rss').length > 2);
  expect(telemd.of('cpu')).toEqual([]);
});

test('periods can be changed, for one instrument and for all', async () => {
  await using telemd = await start();
  const periods = async () =>
    Object.fromEntries((await telemd.client.listInstruments({})).instruments.map(({ name, period }) => [name, period]));
  await telemd.client.setPeriod({ instrument: 'cpu', period: 7 });
  expect(await periods()).toMatchObject({ cpu: 7, ram: 0.05 });
  await telemd.client.setPeriod({ instrument: '', period: 0.02 });
  expect(new Set(Object.values(await periods()))).toEqual(new Set([0.02]));
});

describe('requests that do not fit are refused with what was found and what is allowed', () => {
  const rows: [
    sentence: string,
    message: RegExp,
    call: (client: Awaited<ReturnType<typeof start>>['client']) => Promise<unknown>,
  ][] = [
    ['an unknown instrument', /NOT_FOUND.*"gpu"; there are: cpu, disk/, c => c.setPeriod({ instrument: 'gpu', period: 1 })],
    [
      'a period that is too short',
      /INVALID_ARGUMENT.*0.001 s is not allowed; allowed: 0.01/,
      c => c.setPeriod({ period: 0.001 }),
    ],
    ['no period', /INVALID_ARGUMENT.*period of 0 s/, c => c.setPeriod({ instrument: 'cpu' })],
    ['a name with a slash', /processes\[0\].name: found "a\/b"/, c => c.setProcesses({ processes: [{ name: 'a/b', pid: 1 }] })],
    [
      'a name with white space',
      /processes\[0\].name: found "a b"/,
      c => c.setProcesses({ processes: [{ name: 'a b', pid: 1 }] }),
    ],
    ['no pid', /processes\[0\].pid: found 0/, c => c.setProcesses({ processes: [{ name: 'a' }] })],
    [
      'a name twice',
      /processes\[1\].name: "a" is there twice/,
      c => c.setProcesses({ processes: [1, process.pid].map(pid => ({ name: 'a', pid })) }),
    ],
    [
      'a process twice',
      /processes\[1\].pid: \d+ is already named "a"/,
      c => c.setProcesses({ processes: ['a', 'b'].map(name => ({ name, pid: process.pid })) }),
    ],
    [
      'a process that does not run',
      /NOT_FOUND.*process 4194303 \(ghost\) does not run/,
      c => c.setProcesses({ processes: [{ name: 'ghost', pid: 4194303 }] }),
    ],
  ];
  test.each(rows)('%s', async (_, message, call) => {
    await using telemd = await start();
    await expect(call(telemd.client)).rejects.toThrow(message);
  });
});

test('paused, it sends nothing; then it goes on', async () => {
  await using telemd = await start();
  await until('samples come', () => telemd.of('ram').length > 0);
  await telemd.client.pause({});
  const { instruments } = await telemd.client.listInstruments({});
  const before = instruments.reduce((sum, { samples }) => sum + samples, 0);
  await until('what was on its way arrives', () => telemd.recorder.samples.length >= before);
  await sleep(200);
  expect(telemd.recorder.samples.length).toBe(before);
  await telemd.client.unpause({});
  await until('samples come again', () => telemd.recorder.samples.length > before);
});

test('a process is followed until it has ended, the others further on', async () => {
  await using telemd = await start();
  await using burner = await startBurner(20);
  await telemd.client.setProcesses({
    processes: [
      { name: 'burner', pid: burner.pid },
      { name: 'me', pid: process.pid },
    ],
  });
  await until('it burns', () => {
    const values = telemd.of('proc_cpu', 'burner').map(({ value }) => value);
    return values.length > 2 && values.at(-1)! > values[0]!;
  });
  await burner.end();
  const ended = context.clock.now();
  await until(
    'the other is seen after that',
    () => telemd.of('proc_cpu', 'me').filter(({ timestamp }) => timestamp > ended).length > 2,
  );
  expect(telemd.of('proc_cpu', 'burner').filter(({ timestamp }) => timestamp > ended)).toEqual([]);
});

test('it is not serving until the recorder is there, and while it is away', async () => {
  const first = await startRecorderDouble();
  const { address } = first;
  await first[Symbol.asyncDispose]();
  const { log, messages } = recordingLog();
  const starting = startTelemd(
    { listen: '127.0.0.1:0', token: undefined, bus: 'direct', recorder: address, ...quick },
    { ...context, log },
  );
  await until('it has noticed', () => messages().some(message => message.startsWith('no connection to the recorder')));
  let service: Awaited<typeof starting>;
  {
    await using _ = await startRecorderDouble(address);
    service = await starting;
    await waitForServing(service.addresses['grpc']!, 5);
  }
  await until('it is not serving', () =>
    waitForServing(service.addresses['grpc']!, 0.1).then(
      () => false,
      () => true,
    ),
  );
  await using again = await startRecorderDouble(address);
  await waitForServing(service.addresses['grpc']!, 10);
  await until('samples come again', () => again.samples.length > 0);
  await service[Symbol.asyncDispose]();
});

test('without a token it listens on the loopback only, and a start that fails leaves nothing behind', async () => {
  await using recorder = await startRecorderDouble();
  const open = { listen: '0.0.0.0:0', token: undefined, bus: 'direct' as const, recorder: recorder.address };
  await expect(startTelemd(open, context)).rejects.toThrow(ConfigError);
  await expect(startTelemd({ ...open, nodename: 'a b' }, context)).rejects.toThrow(/telemd_nodename/);
});
