import { expect, test } from 'vitest';
import { createDoorbell } from './doorbell.ts';

test('a task goes on when its condition holds, not at every ring', async () => {
  const bell = createDoorbell();
  let ready = false;
  let woken = false;
  const waiting = bell
    .until(() => ready)
    .then(() => {
      woken = true;
    });
  bell.ring();
  await Promise.resolve();
  expect(woken).toBe(false);
  ready = true;
  bell.ring();
  await waiting;
  expect(woken).toBe(true);
});

test('a condition that holds already needs no ring', async () => {
  expect(await createDoorbell().until(() => true, AbortSignal.abort())).toBe(true);
});

test('an abort or the time-out ends the wait with false', async () => {
  const bell = createDoorbell();
  const abort = new AbortController();
  const waiting = bell.until(() => false, abort.signal);
  abort.abort();
  expect(await waiting).toBe(false);
  expect(await bell.until(() => false, abort.signal)).toBe(false);
  expect(await bell.until(() => false, undefined, 0.001)).toBe(false);
});

test('what a condition throws ends its wait and no other', async () => {
  const bell = createDoorbell();
  let broken = false;
  const failing = bell.until(() => {
    if (broken) throw new Error('broken');
    return false;
  });
  const other = bell.until(() => broken);
  broken = true;
  bell.ring();
  await expect(failing).rejects.toThrow('broken');
  expect(await other).toBe(true);
});
