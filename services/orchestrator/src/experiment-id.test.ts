import { expect, test } from 'vitest';
import { experimentId } from './experiment-id.ts';

test('local time and four hex digits', () => {
  const date = new Date(2026, 0, 2, 3, 4, 59);
  expect(experimentId(date.getTime() / 1000, 0xab12)).toBe('202601020304-ab12');
  expect(experimentId(date.getTime() / 1000, 7)).toBe('202601020304-0007');
});
