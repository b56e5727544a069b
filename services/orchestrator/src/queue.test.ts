import { until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { createQueue } from './queue.ts';

/** A job that goes on until it is told to end. */
function openJob() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let begun = false;
  return {
    run: () => {
      begun = true;
      return promise;
    },
    end: resolve,
    fail: reject,
    begun: () => begun,
  };
}

const noErrors = { onError: (id: string, error: unknown) => expect.unreachable(`${id}: ${error}`), onChange: () => {} };

test('one at a time, first come first served, with positions', async () => {
  await using queue = createQueue(noErrors);
  const [a, b, c] = [openJob(), openJob(), openJob()];
  queue.add('a', a.run);
  queue.add('b', b.run);
  queue.add('c', c.run);
  expect([a, b, c].map(job => job.begun())).toEqual([true, false, false]);
  expect(['a', 'b', 'c'].map(id => queue.position(id))).toEqual([undefined, 1, 2]);
  a.end();
  await until('b begins', b.begun);
  expect(queue.position('c')).toBe(1);
  expect(c.begun()).toBe(false);
  b.end();
  await until('c begins', c.begun);
  c.end();
  await until('nothing is left', () => !queue.busy());
});

test('what is removed never begins; what has begun or is unknown is not removed', async () => {
  await using queue = createQueue(noErrors);
  const [a, b, c] = [openJob(), openJob(), openJob()];
  queue.add('a', a.run);
  queue.add('b', b.run);
  queue.add('c', c.run);
  expect(queue.remove('b')).toBe(true);
  expect(queue.remove('a')).toBe(false);
  expect(queue.remove('x')).toBe(false);
  expect(queue.position('c')).toBe(1);
  a.end();
  await until('c begins', c.begun);
  c.end();
  expect(b.begun()).toBe(false);
});

test('a job that fails is told and the next one begins', async () => {
  const errors: string[] = [];
  await using queue = createQueue({
    onError: (id, error) => errors.push(`${id}: ${(error as Error).message}`),
    onChange: () => {},
  });
  const [a, b] = [openJob(), openJob()];
  queue.add('a', a.run);
  queue.add('b', b.run);
  a.fail(new Error('no'));
  await until('b begins', b.begun);
  expect(errors).toEqual(['a: no']);
  b.end();
});

test('disposing waits for the job under way and begins no other', async () => {
  const queue = createQueue(noErrors);
  const [a, b] = [openJob(), openJob()];
  queue.add('a', a.run);
  queue.add('b', b.run);
  const closed = queue[Symbol.asyncDispose]();
  a.end();
  await closed;
  expect(b.begun()).toBe(false);
});
