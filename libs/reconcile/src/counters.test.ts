import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addCounter, addRange, clip, countOf, formatCounters, hasCounter, without } from './counters.ts';

const number = fc.integer({ min: -5, max: 60 });
const numbers = fc.array(number, { maxLength: 80 });
const build = (list: readonly number[]) => {
  const set: number[] = [];
  for (const n of list) addCounter(set, n);
  return set;
};
const members = (set: readonly number[]) => {
  const list: number[] = [];
  for (let i = 0; i < set.length; i += 2) for (let n = set[i]!; n <= set[i + 1]!; n++) list.push(n);
  return list;
};
const sorted = (list: Iterable<number>) => [...new Set(list)].sort((a, b) => a - b);
const wellFormed = (set: readonly number[]) =>
  set.length % 2 === 0 && set.every((n, i) => i === 0 || (i % 2 === 1 ? n >= set[i - 1]! : n > set[i - 1]! + 1));

test('adding numbers in any order gives their set, and says which were new', () => {
  fc.assert(
    fc.property(numbers, list => {
      const set: number[] = [];
      const seen = new Set<number>();
      for (const n of list) {
        expect(addCounter(set, n)).toBe(!seen.has(n));
        seen.add(n);
      }
      expect(members(set)).toEqual(sorted(list));
      expect(wellFormed(set)).toBe(true);
      expect(countOf(set)).toBe(seen.size);
      for (let n = -6; n <= 61; n++) expect(hasCounter(set, n)).toBe(seen.has(n));
    }),
  );
});

test('adding a range is adding its numbers', () => {
  fc.assert(
    fc.property(numbers, number, number, (list, first, last) => {
      const set = build(list);
      addRange(set, first, last);
      const range = [];
      for (let n = first; n <= last; n++) range.push(n);
      expect(set).toEqual(build([...list, ...range]));
    }),
  );
});

test('clipping and subtracting agree with sets', () => {
  fc.assert(
    fc.property(numbers, numbers, number, number, (one, other, first, last) => {
      const set = build(one);
      const clipped = clip(set, first, last);
      expect(members(clipped)).toEqual(sorted(one).filter(n => n >= first && n <= last));
      const rest = without(set, build(other));
      expect(members(rest)).toEqual(sorted(one).filter(n => !other.includes(n)));
      expect(wellFormed(clipped) && wellFormed(rest)).toBe(true);
    }),
  );
});

test('counters read as in a sentence', () => {
  expect(formatCounters([])).toBe('');
  expect(formatCounters([17, 17, 40, 41])).toBe('17, 40-41');
  expect(formatCounters([1, 1, 3, 3, 5, 9, 12, 12], 2)).toBe('1, 3 and 6 more');
});
