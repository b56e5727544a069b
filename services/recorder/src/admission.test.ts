import { createDoorbell } from '@galileo/bus';
import { closeInterval, createBook, everything, openInterval } from '@galileo/reconcile';
import { silentLog } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { createAdmission } from './admission.ts';
import { createSessions } from './sessions.ts';

function gate(grace = 3600) {
  const bell = createDoorbell();
  const sessions = createSessions();
  const book = createBook('e', 0, everything, false);
  const state = { room: true };
  const committer = { hasRoom: () => state.room };
  const admission = createAdmission({ recordings: { books: () => [book] }, sessions, committer, bell, log: silentLog, grace });
  const waiting = new AbortController();
  /** Is a batch of the producer let in without anything else happening? */
  const passes = async (producer: string) => {
    let passed = false;
    const wait = admission.wait(producer, waiting.signal).then(result => {
      passed = result;
    });
    await new Promise(resolve => setImmediate(resolve));
    return { wait, passed: () => passed };
  };
  return { bell, sessions, book, state, passes, end: () => waiting.abort() };
}

test('a producer’s batch waits until its interval is known, and again while its end is being asked for', async () => {
  const { bell, book, passes } = gate();
  const before = await passes('p');
  expect(before.passed()).toBe(false);
  openInterval(book, 'p', 1);
  bell.ring();
  await before.wait;
  expect(before.passed()).toBe(true);
  book.end = 5;
  const closing = await passes('p');
  expect(closing.passed()).toBe(false);
  closeInterval(book, 'p', 5);
  bell.ring();
  await closing.wait;
  expect(closing.passed()).toBe(true);
});

test('without room nobody gets in', async () => {
  const { bell, book, state, passes } = gate();
  openInterval(book, 'p', 1);
  state.room = false;
  const full = await passes('p');
  expect(full.passed()).toBe(false);
  state.room = true;
  bell.ring();
  await full.wait;
  expect(full.passed()).toBe(true);
});

test('a producer that never connects its control stream belongs to nothing after a while; one that is connected is awaited', async () => {
  const { sessions, passes, end } = gate(0.01);
  const stranger = await passes('stranger');
  await stranger.wait;
  expect(stranger.passed()).toBe(true);
  sessions.open({ producerId: 'slow', service: 's', node: 'n' });
  const slow = await passes('slow');
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(slow.passed()).toBe(false);
  end();
  await slow.wait;
  expect(slow.passed()).toBe(false);
});
