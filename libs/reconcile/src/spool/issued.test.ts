import { join } from 'node:path';
import { silentLog, temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { openSpool, type SpoolOptions } from './spool.ts';

const options = (directory: string, producerId: string): SpoolOptions => ({
  ...{ directory, producerId, maxBytes: 1_000_000, now: () => 0, log: silentLog },
  onDropped() {},
});

test('the counters that were given to requests outlive the producer, and go with it when nothing of it is needed', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'spool');
  const first = openSpool(options(path, 'client/n/1'));
  first.issue('a'.repeat(16), 8);
  first.issue('b'.repeat(16), 8);
  for (let counter = 16; counter <= 1_000_000; counter *= 2) first.issue('a'.repeat(16), counter);
  first.append('trace', 'galileo/results/traces', `${'a'.repeat(16)}:1,x`);
  first[Symbol.dispose]();
  using second = openSpool(options(path, 'client/n/2'));
  const [leftover] = second.leftovers();
  expect(Object.fromEntries(leftover!.issued)).toEqual({ [`${'a'.repeat(16)}`]: 524_288, [`${'b'.repeat(16)}`]: 8 });
  leftover!.remove();
  using third = openSpool(options(join(directory.path, 'other'), 'client/n/3'));
  expect(third.leftovers()).toEqual([]);
});
