import { expect, test } from 'vitest';
import { wrap } from './wrap.ts';

test.each([
  ['a short text stays on one line', 'one two', 40, '', 'one two'],
  [
    'lines after the first are indented like it',
    'one two three four five six seven',
    24,
    '  - ',
    '  - one two three four\n    five six seven',
  ],
  ['a word that is too long has a line of its own', `a ${'b'.repeat(30)} c`, 24, '', `a\n${'b'.repeat(30)}\nc`],
  [
    'line breaks and the indentation behind them are kept',
    'it failed:\n  at x\n  at y',
    40,
    '  ',
    '  it failed:\n    at x\n    at y',
  ],
])('%s', (_, text, width, first, expected) => {
  expect(wrap(text, width, first)).toBe(expected);
});
