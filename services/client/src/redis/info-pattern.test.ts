import { clientInfos } from '@galileo/wire';
import { expect, it } from 'vitest';
import { infoPattern } from './info-pattern.ts';

it('patterns of clients differ, and are the channel when the backslashes are taken away', () => {
  const patterns = Array.from({ length: 5000 }, (_, n) => infoPattern(n));
  expect(new Set(patterns).size).toBe(5000);
  for (const pattern of patterns) expect(pattern.replaceAll('\\', '')).toBe(clientInfos.channel);
});
