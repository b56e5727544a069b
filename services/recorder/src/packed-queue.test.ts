import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPackedQueue } from './packed-queue.ts';

const record = (line: string, channel = 'telem/n/cpu') => ({ channel, line });

test('batches come out whole, in the order in which they went in, whatever their text is', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constant('x'.repeat(100_000)));
  const batches = fc.array(fc.array(fc.record({ channel: text, line: text }), { maxLength: 8 }), { maxLength: 12 });
  fc.assert(
    fc.property(batches, fc.infiniteStream(fc.boolean()), (given, takes) => {
      const queue = createPackedQueue(Number.POSITIVE_INFINITY);
      const expected: (typeof given)[number][] = [];
      const takeOldest = () => {
        expect(queue.oldest).toBe(expected[0]?.length);
        expect(queue.shift()).toEqual(expected.shift() ?? []);
      };
      for (const batch of given) {
        expect(queue.push(batch, batch.length)).toBe(true);
        expected.push(batch);
        if (takes.next().value) takeOldest();
        expect(queue.records).toBe(expected.flat().length);
      }
      while (expected.length > 0) takeOldest();
      expect([queue.shift(), queue.oldest, queue.records, queue.bytes]).toEqual([[], undefined, 0, 0]);
    }),
  );
});

test('what does not fit is refused as a whole, and fits when others have gone', () => {
  const queue = createPackedQueue(300);
  expect(queue.push([record('1'), record('2')], 1)).toBe(true);
  expect(
    queue.push(
      Array.from({ length: 10 }, () => record('3')),
      2,
    ),
  ).toBe(false);
  expect(queue.push([record('4')], 3)).toBe(true);
  expect(queue.push([record('5'.repeat(100))], 4)).toBe(false);
  expect(queue.shift()).toEqual([record('1'), record('2')]);
  expect(queue.push([record('5'.repeat(100))], 4)).toBe(true);
  expect([queue.oldest, queue.records]).toEqual([3, 2]);
});

test('900,000 samples take less than 40 MB', () => {
  const queue = createPackedQueue(40e6);
  const batch = Array.from({ length: 300 }, (_, i) =>
    record(`1795521662.056${1000 + i} 104729.125`, `telem/node-a/docker_cgrp_cpu/0123456789ab-${i % 100}`),
  );
  for (let i = 0; i < 3000; i++) expect(queue.push(batch, i)).toBe(true);
  expect(queue.records).toBe(900_000);
});
