import { createClock } from '@galileo/service';
import { expect, test } from 'vitest';
import { processTime } from './pacer-time.ts';
import { warmUp } from './warm-up.ts';

test('a rehearsal goes the whole way, is answered, and leaves nothing behind', async () => {
  const clock = createClock();
  const before = process.getActiveResourcesInfo().filter(name => name.includes('TCP'));
  expect(await warmUp(processTime(() => clock.now()))).toBeGreaterThan(100);
  await expect.poll(() => process.getActiveResourcesInfo().filter(name => name.includes('TCP'))).toEqual(before);
});
