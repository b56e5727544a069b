import { expect, test } from 'vitest';
import { experimentId } from './experiment-id.ts';

test.for([
  [0, '202611240302-0000'],
  [0xab, '202611240302-00ab'],
  [0xffff, '202611240302-ffff'],
] as const)('local time to the minute and 4 hex digits: %d', ([random, id]) => {
  expect(experimentId(new Date(2026, 10, 24, 3, 2, 59.9).getTime() / 1000, random)).toBe(id);
});
