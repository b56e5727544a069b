import { describe, expect, test } from 'vitest';
import {
  address,
  addresses,
  ConfigError,
  duration,
  flag,
  integer,
  list,
  oneOf,
  optionalAddress,
  optionalText,
  readConfig,
  secret,
  size,
  text,
  variableTable,
} from './config.ts';

const variables = {
  name: text('x_name', { fallback: 'n', doc: 'a name' }),
  note: optionalText('x_note', { doc: 'a note' }),
  listen: address('x_listen', { fallback: '127.0.0.1:80', doc: 'where' }),
  other: optionalAddress('x_other', { doc: 'where else' }),
  peers: addresses('x_peers', { fallback: '', doc: 'who' }),
  words: list('x_words', { fallback: 'a, b', doc: 'words' }),
  count: integer('x_count', { fallback: '3', doc: 'how many', min: 1, max: 10 }),
  keep: flag('x_keep', { fallback: 'false', doc: 'keep?' }),
  mode: oneOf('x_mode', ['fast', 'slow'], { fallback: 'fast', doc: 'how' }),
  period: duration('x_period', { fallback: '500ms', doc: 'how often', min: 0.01 }),
  room: size('x_room', { fallback: '64MiB', doc: 'how much', min: 1024 }),
  password: secret('x_password', { doc: 'a secret' }),
};

describe('readConfig', () => {
  test('takes defaults for what is unset or empty', () => {
    const config = readConfig(variables, { x_name: '' });
    expect(config).toEqual({
      name: 'n',
      note: undefined,
      listen: '127.0.0.1:80',
      other: undefined,
      peers: [],
      words: ['a', 'b'],
      count: 3,
      keep: false,
      mode: 'fast',
      period: 0.5,
      room: 67_108_864,
      password: undefined,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each([
    ['seconds without a unit', '2', 2],
    ['milliseconds', '250ms', 0.25],
    ['microseconds', '20000us', 0.02],
    ['minutes', '1.5m', 90],
    ['hours', '1h', 3600],
  ])('reads a duration in %s', (_, found, seconds) => {
    expect(readConfig(variables, { x_period: found }).period).toBeCloseTo(seconds, 9);
  });

  test.each([
    ['bytes without a unit', '4096', 4096],
    ['bytes', '1024B', 1024],
    ['kibibytes', '512KiB', 524_288],
    ['mebibytes', '3MiB', 3_145_728],
    ['gibibytes', '2GiB', 2_147_483_648],
  ])('reads a size in %s', (_, found, bytes) => {
    expect(readConfig(variables, { x_room: found }).room).toBe(bytes);
  });

  test('reads an IPv6 address and several addresses', () => {
    const config = readConfig(variables, { x_listen: '[::1]:0', x_peers: 'a:1, b:2' });
    expect(config.listen).toBe('[::1]:0');
    expect(config.peers).toEqual(['a:1', 'b:2']);
  });

  test.each([
    ['x_listen', 'localhost', 'HOST:PORT'],
    ['x_listen', 'localhost:70000', 'HOST:PORT'],
    ['x_listen', 'http://a:1', 'HOST:PORT'],
    ['x_peers', 'a:1,b', 'HOST:PORT'],
    ['x_count', '11', 'a whole number from 1 to 10'],
    ['x_count', '1.5', 'a whole number'],
    ['x_keep', 'yes', 'true or false'],
    ['x_mode', 'medium', 'fast, slow'],
    ['x_period', '-1s', 'a duration'],
    ['x_period', '1ms', 'at least 0.01 s'],
    ['x_room', '64MB', 'a size such as 512KiB, 64MiB or 1GiB'],
    ['x_room', '64mib', 'a size'],
    ['x_room', '1.5GiB', 'a size'],
    ['x_room', '-1GiB', 'a size'],
    ['x_room', '64 MiB', 'a size'],
    ['x_room', 'MiB', 'a size'],
    ['x_room', '1023', 'at least 1024 bytes'],
    ['x_room', '0GiB', 'at least 1024 bytes'],
  ])('refuses %s=%s and says what is allowed', (name, found, allowed) => {
    expect(() => readConfig(variables, { [name]: found })).toThrow(ConfigError);
    expect(() => readConfig(variables, { [name]: found })).toThrow(`${name}: ${JSON.stringify(found)}`);
    expect(() => readConfig(variables, { [name]: found })).toThrow(allowed);
  });

  test('names all problems at once and never a secret', () => {
    const strict = { ...variables, pin: { ...integer('x_pin', { fallback: '1', doc: '', min: 1, max: 2 }), secret: true } };
    try {
      readConfig(strict, { x_count: '0', x_mode: 'no', x_pin: '4711' });
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).problems).toHaveLength(3);
      expect((error as ConfigError).message).not.toContain('4711');
    }
  });

  test('does not repeat what stands before the host of an address', () => {
    const read = () => readConfig(variables, { x_peers: 'a:1,http://root:4711/@b:2' });
    expect(read).toThrow('x_peers: "…@b:2" is not allowed; allowed: HOST:PORT, several separated by commas');
  });
});

test('the table of variables has a row for each', () => {
  expect(variableTable(variables)).toContainEqual({
    name: 'x_count',
    fallback: '3',
    doc: 'how many',
    allowed: 'a whole number from 1 to 10',
  });
});
