import { expect, test } from 'vitest';
import { manualClock, readOnce, sourcesAt } from '../../test/sources.ts';
import { self } from './self.ts';

test('CPU in percent of one core over the time that passed, memory, and samples dropped', () => {
  const clock = manualClock();
  let cpu = 10;
  using instrument = self.open(sourcesAt('/nowhere', { clock, self: { cpu: () => cpu, rss: () => 6e7, dropped: () => 3 } }));
  expect(readOnce(instrument).values).toEqual({ self_rss: 6e7, self_dropped: 3 });
  clock.advance(4);
  cpu += 0.1;
  expect(readOnce(instrument).values['self_cpu']).toBeCloseTo(2.5);
});
