import { describe, expect, test } from 'vitest';
import { ParseError, readDecimal, readInteger, readWord, scan, skipFields, skipLine } from './scanner.ts';

const scanText = (text: string) => scan(Buffer.from(text));

describe('whole numbers', () => {
  const good: [sentence: string, text: string, value: number][] = [
    ['end at a blank', '12 34', 12],
    ['end at a newline', '  7\n', 7],
    ['may be as big as 2^64', '18446744073709551615\n', 2 ** 64],
    ['may begin with zeros', '007\n', 7],
  ];
  test.each(good)('%s', (_, text, value) => expect(readInteger(scanText(text))).toBe(value));

  const bad: [sentence: string, text: string][] = [
    ['are missing', '\n'],
    ['are negative', '-1\n'],
    ['are followed by letters', '12kB\n'],
    ['may be cut off, since nothing follows', '12'],
    ['are longer than any counter', `${'9'.repeat(21)}\n`],
    ['are at the end', ''],
  ];
  test.each(bad)('are refused where they %s', (_, text) => expect(() => readInteger(scanText(text))).toThrow(ParseError));
});

test('decimal numbers are read, and refused with two points', () => {
  expect(readDecimal(scanText('0.52 '))).toBe(0.52);
  expect(readDecimal(scanText('12\n'))).toBe(12);
  for (const text of ['.5 ', '1.2.3 ', 'x ', '1.5']) expect(() => readDecimal(scanText(text)), text).toThrow(ParseError);
});

test('words end at blanks and at the stop byte', () => {
  const scanner = scanText(' eth0:12');
  expect(readWord(scanner, ':'.charCodeAt(0))).toBe('eth0');
  expect(scanner.at).toBe(5);
  expect(() => readWord(scanText('\n'))).toThrow(ParseError);
});

test('an error says where, what was expected and what was found', () => {
  const scanner = scanText('1 two 3\n');
  skipFields(scanner, 1);
  expect(() => readInteger(scanner)).toThrow('expected a whole number at byte 2, found "two 3"');
});

test('a line without its newline is cut off', () => {
  const scanner = scanText('one\ntwo');
  skipLine(scanner);
  expect(() => skipLine(scanner)).toThrow('cut off');
});
