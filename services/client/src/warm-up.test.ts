import { spawnSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createClock } from '@galileo/service';
import { silentLog, temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { processTime } from './pacer-time.ts';
import { noTraces } from './traces/no-traces.ts';
import { openRehearsalTraces } from './traces/rehearsal-traces.ts';
import { warmUp } from './warm-up.ts';

test('a rehearsal goes the whole way, is answered, and leaves nothing behind, nor does one that was killed', async () => {
  await using directory = await temporaryDirectory();
  const spool = { directory: join(directory.path, 'spool'), maxBytes: 2 ** 24 };
  const { pid: ofKilled } = spawnSync('true');
  await mkdir(`${spool.directory}.rehearsal-${ofKilled}-0`);
  const clock = createClock();
  const openTraces = () => openRehearsalTraces({ spool, clock, log: silentLog });
  const before = process.getActiveResourcesInfo().filter(name => name.includes('TCP'));
  expect(
    await warmUp(
      processTime(() => clock.now()),
      openTraces,
    ),
  ).toBeGreaterThan(100);
  await expect.poll(() => process.getActiveResourcesInfo().filter(name => name.includes('TCP'))).toEqual(before);
  expect(await readdir(directory.path)).toEqual([]);
});

test('a rehearsal without traces is answered too', async () => {
  const clock = createClock();
  expect(
    await warmUp(
      processTime(() => clock.now()),
      async () => noTraces,
    ),
  ).toBeGreaterThan(100);
});
