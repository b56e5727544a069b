import { expect, test } from 'vitest';
import { createRedaction } from './redaction.ts';

test.for([
  { what: 'a value', environment: { TOKEN: 'hunter2' }, text: 'login hunter2 failed', result: 'login [TOKEN] failed' },
  { what: 'a value each time', environment: { A: 'abcd' }, text: 'abcdabcd', result: '[A][A]' },
  { what: 'the longer of two first', environment: { A: 'abcd', B: 'abcdef' }, text: 'abcdef abcd', result: '[B] [A]' },
  { what: 'nothing that is too short to be a secret', environment: { A: 'abc' }, text: 'abc', result: 'abc' },
  { what: 'a value of special characters as it is', environment: { A: '$&.*' }, text: 'x$&.*x', result: 'x[A]x' },
])('$what is replaced', ({ environment, text, result }) => {
  expect(createRedaction(environment as Record<string, string>)(text)).toBe(result);
});
