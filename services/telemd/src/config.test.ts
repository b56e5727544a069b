import { hostname } from 'node:os';
import { ConfigError, readConfig, variableTable } from '@galileo/service';
import { describe, expect, test } from 'vitest';
import { configuredInstruments, nodeOf, variables } from './config.ts';

const read = (env: Record<string, string> = {}) => readConfig(variables, env);
const running = (env: Record<string, string>) =>
  configuredInstruments(read(env))
    .filter(({ switchedOn }) => switchedOn)
    .map(({ definition }) => definition.name);

test('defaults', () => {
  const config = read();
  expect(config).toMatchObject({ listen: '127.0.0.1:50052', recorder: '127.0.0.1:50054', procMount: '/proc', sysMount: '/sys' });
  expect(nodeOf(config)).toBe(hostname());
  expect(Object.fromEntries(configuredInstruments(config).map(({ definition, period }) => [definition.name, period]))).toEqual({
    cpu: 0.5,
    disk: 0.5,
    load: 5,
    net: 0.5,
    process: 0.5,
    ram: 1,
    self: 5,
  });
});

test("no default depends on the machine, so that the README's table is the same everywhere", () => {
  for (const { fallback, doc } of variableTable(variables)) expect(fallback + doc).not.toContain(hostname());
});

const choices: [sentence: string, env: Record<string, string>, names: string[]][] = [
  ['only the enabled ones, by blanks', { telemd_instruments_enable: 'ram cpu' }, ['cpu', 'ram']],
  ['only the enabled ones, by commas', { telemd_instruments_enable: 'ram, cpu' }, ['cpu', 'ram']],
  ['all but the disabled ones', { telemd_instruments_disable: 'process self,load' }, ['cpu', 'disk', 'net', 'ram']],
  ['what is both is off', { telemd_instruments_enable: 'ram cpu', telemd_instruments_disable: 'cpu' }, ['ram']],
];
test.each(choices)('instruments: %s', (_, env, names) => expect(running(env)).toEqual(names));

describe('what does not fit is named with what is allowed', () => {
  const rows: [env: Record<string, string>, message: RegExp][] = [
    [
      { telemd_instruments_enable: 'cpu gpu' },
      /telemd_instruments_enable: "cpu gpu" is not allowed; .*cpu, disk, load, net, process, ram, self/,
    ],
    [{ telemd_period_cpu: 'often' }, /telemd_period_cpu: "often" is not allowed; allowed: a duration/],
    [{ telemd_period_ram: '1ms' }, /telemd_period_ram: "1ms" .* at least 0.01 s/],
    [{ telemd_nodename: 'a/b' }, /telemd_nodename: "a\/b" is not allowed; allowed: text without white space/],
    [{ galileo_recorder: 'somewhere' }, /galileo_recorder: "somewhere" .*HOST:PORT/],
  ];
  test.each(rows)('%j', (env, message) => {
    expect(() => read(env)).toThrow(ConfigError);
    expect(() => read(env)).toThrow(message);
  });
});

test('devices are separated by blanks or commas', () => {
  expect(read({ telemd_net_devices: 'wlan0  eth0', telemd_disk_devices: 'sda,sdb' })).toMatchObject({
    netDevices: ['wlan0', 'eth0'],
    diskDevices: ['sda', 'sdb'],
  });
});
