import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addTally, addToTally, bucketOf, decodeTally, emptyTally, encodeSum, sameTally } from './tally.ts';

const tallyOf = (records: readonly (readonly [string, string])[]) => {
  const tally = emptyTally();
  for (const [channel, key] of records) addToTally(tally, channel, key);
  return tally;
};
const big = (tally: { high: number; low: number }) => (BigInt(tally.high) << 32n) | BigInt(tally.low);
const record = fc.tuple(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }));

test('order does not matter, and sums are modulo 2^64', () => {
  fc.assert(
    fc.property(fc.array(record), records => {
      const forward = tallyOf(records);
      expect(sameTally(forward, tallyOf(records.toReversed()))).toBe(true);
      const sum = records.reduce((total, one) => total + big(tallyOf([one])), 0n);
      expect(big(forward)).toBe(BigInt.asUintN(64, sum));
      const halves = tallyOf(records.slice(0, records.length >> 1));
      addTally(halves, tallyOf(records.slice(records.length >> 1)));
      expect(sameTally(halves, forward)).toBe(true);
      expect(decodeTally(forward.count, encodeSum(forward))).toEqual(forward);
    }),
  );
});

test('half a million neighbouring samples have hashes of their own', () => {
  const hashes = new Set<bigint>();
  for (let node = 0; node < 5; node++) {
    for (let i = 0; i < 100_000; i++) {
      hashes.add(big(tallyOf([[`telem/node-${node}/cpu`, `${1_700_000_000 + Math.floor(i / 10)}.${i % 10}000000`]])));
    }
  }
  expect(hashes.size).toBe(500_000);
});

test('each bit of the hash is set about half the time', () => {
  const ones = new Array<number>(64).fill(0);
  for (let i = 0; i < 4000; i++) {
    const hash = big(tallyOf([['telem/n/cpu', `1700000000.${String(i).padStart(7, '0')}`]]));
    for (let bit = 0; bit < 64; bit++) ones[bit]! += Number((hash >> BigInt(bit)) & 1n);
  }
  for (const count of ones) expect(Math.abs(count - 2000)).toBeLessThan(250);
});

test('the channel ends where the key begins', () => {
  expect(sameTally(tallyOf([['ab', 'c']]), tallyOf([['a', 'bc']]))).toBe(false);
});

test('buckets are 5 s long and begin at multiples of 5', () => {
  expect([
    bucketOf(0),
    bucketOf(4.9999999),
    bucketOf(5),
    bucketOf(1_700_000_012.3),
    bucketOf(-0.5),
    bucketOf(Number.NaN),
  ]).toEqual([0, 0, 5, 1_700_000_010, -5, 0]);
});
