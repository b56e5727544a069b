import { hostname } from 'node:os';
import { ConfigError, readConfig, variableTable } from '@galileo/service';
import { describe, expect, test } from 'vitest';
import { configuredInstruments, nodeOf, redisOf, variables } from './config.ts';

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

describe('where Redis is', () => {
  const rows: [sentence: string, env: Record<string, string>, settings: object][] = [
    ['on this machine unless told', {}, { host: 'localhost', port: 6379 }],
    ['where all services look for it', { galileo_redis_host: 'r', galileo_redis_port: '1' }, { host: 'r', port: 1 }],
    [
      'as telemd is told',
      { galileo_redis_host: 'r', telemd_redis_host: 'own', telemd_redis_port: '2' },
      { host: 'own', port: 2 },
    ],
    ['in the URL', { telemd_redis_host: 'own', telemd_redis_url: 'redis://url' }, { host: 'url', port: 6379 }],
    [
      'in the URL with user and password',
      { galileo_redis_password: 'other', telemd_redis_url: 'redis://u:p%40w@[::1]:7/0' },
      { host: '::1', port: 7, username: 'u', password: 'p@w' },
    ],
    [
      'in the URL with a password',
      { telemd_redis_url: 'rediss://:pw@url' },
      { host: 'url', port: 6379, password: 'pw', tls: {} },
    ],
    ['in the URL without TLS', { galileo_redis_tls: 'true', telemd_redis_url: 'redis://url:8' }, { host: 'url', port: 8 }],
  ];
  test.each(rows)('%s', (_, env, settings) => expect(redisOf(read(env))).toEqual(settings));

  test.each([
    'http://secret@h',
    'secret',
    'redis://h:99999',
    'redis://h/1',
    'redis://:secret%zz@h',
    'redis://:secret@h?x=1',
    'redis://',
  ])('not at %s, which is not repeated', url => {
    const config = read({ telemd_redis_url: url });
    expect(() => redisOf(config)).toThrow(/^telemd_redis_url: the value is not allowed; allowed: redis:/);
  });
});
