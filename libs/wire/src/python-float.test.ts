import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parsePythonFloat, pythonFloat, sevenDecimals } from './python-float.ts';

describe('pythonFloat', () => {
  test.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [-2, '-2.0'],
    [9999999999999998, '9999999999999998.0'],
    [-1e16, '-1e+16'],
    [1.5e300, '1.5e+300'],
    [0.00012, '0.00012'],
    [0.000099, '9.9e-05'],
    [Number.NaN, 'nan'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ])('writes %d as %s', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });

  it('reads back every double', () => {
    fc.assert(
      fc.property(fc.double(), value => {
        expect(parsePythonFloat(pythonFloat(value))).toBe(value);
      }),
    );
  });
});

describe('parsePythonFloat', () => {
  test.each([
    ['an exponent', '1e3', 1000],
    ['white space around it', ' 1.5\n', 1.5],
    ['no digit before the point', '.5', 0.5],
    ['no digit after the point', '5.', 5],
    ['underscores between digits', '1_000.2_5', 1000.25],
    ['a plus', '+1', 1],
    ['an infinity of any case', '-Infinity', Number.NEGATIVE_INFINITY],
    ['inf', 'inf', Number.POSITIVE_INFINITY],
    ['nan', 'NaN', Number.NaN],
    ['more than a double holds', '1e999', Number.POSITIVE_INFINITY],
  ])('reads %s', (_, text, value) => {
    expect(parsePythonFloat(text)).toBe(value);
  });

  test.each(['', ' ', '.', 'e5', '1e', '0x10', '1__0', '_1', '1_', '1,5', 'true', '--1', '1 2', 'infinit'])(
    'refuses %j, as Python does',
    text => {
      expect(parsePythonFloat(text)).toBeUndefined();
    },
  );
});

test.each([
  [1795486299.1234567, '1795486299.1234567'],
  [-1, '-1.0000000'],
  [1.00000004, '1.0000000'],
  [1.99999999, '2.0000000'],
  [Number.NaN, 'nan'],
  [Number.POSITIVE_INFINITY, 'inf'],
])('sevenDecimals writes %d as %s', (value, text) => {
  expect(sevenDecimals(value)).toBe(text);
});

test('sevenDecimals is toFixed(7), also where it takes the short way', () => {
  const times = fc.oneof(
    fc.double({ min: 2 ** 30 - 1, max: 2 ** 32, noNaN: true }),
    fc.double({ min: 2 ** 29, max: 2 ** 52, noNaN: true }),
    fc.integer({ min: 2 ** 30 - 2, max: 2 ** 31 - 1 }).map(second => second + 1 - 2 ** -22),
    fc.tuple(fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 1e7 })).map(([s, f]) => s + f / 1e7),
  );
  fc.assert(
    fc.property(times, time => sevenDecimals(time) === time.toFixed(7)),
    { numRuns: 20_000 },
  );
});
