import type { CounterRange } from '@galileo/proto/recorder';

/**
 * A set of whole numbers as closed ranges in one flat array `[first, last, first, last, …]`, ascending, with at least one
 * number between two ranges. Counters of requests are nearly contiguous, so a set of millions is a few ranges; and as a
 * plain array it is its own JSON.
 */
export type Counters = number[];

/** Index of the first range whose last number is `n` or above; `length` if there is none. */
function rangeAt(set: readonly number[], n: number): number {
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (set[2 * middle + 1]! < n) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

/** Adds a number. @returns false if the set held it already. */
export function addCounter(set: Counters, n: number): boolean {
  const end = set.length;
  // Counters mostly come in order: the last range grows.
  if (end > 0 && n === set[end - 1]! + 1) {
    set[end - 1] = n;
    return true;
  }
  const at = rangeAt(set, n);
  if (at < end && set[at]! <= n) return false;
  const joinsBefore = at > 0 && set[at - 1] === n - 1;
  const joinsAfter = at < end && set[at] === n + 1;
  if (joinsBefore && joinsAfter) set.splice(at - 1, 2);
  else if (joinsBefore) set[at - 1] = n;
  else if (joinsAfter) set[at] = n;
  else set.splice(at, 0, n, n);
  return true;
}

/** Adds the closed range [first, last]. */
export function addRange(set: Counters, first: number, last: number): void {
  if (first > last) return;
  const from = rangeAt(set, first - 1);
  let to = from;
  let low = first;
  let high = last;
  while (to < set.length && set[to]! <= last + 1) {
    low = Math.min(low, set[to]!);
    high = Math.max(high, set[to + 1]!);
    to += 2;
  }
  set.splice(from, to - from, low, high);
}

/** Adds all numbers of another set. */
export function addAll(set: Counters, other: readonly number[]): void {
  for (let i = 0; i < other.length; i += 2) addRange(set, other[i]!, other[i + 1]!);
}

/** A set as messages carry it. */
export function toRanges(set: readonly number[]): CounterRange[] {
  return Array.from({ length: set.length / 2 }, (_, i) => ({ first: set[2 * i]!, last: set[2 * i + 1]! }));
}

/** The set that a message carries; its ranges may be in any order. */
export function fromRanges(ranges: readonly CounterRange[]): Counters {
  const set: Counters = [];
  for (const { first, last } of ranges) addRange(set, first, last);
  return set;
}

/** Does the set hold the number? */
export function hasCounter(set: readonly number[], n: number): boolean {
  const at = rangeAt(set, n);
  return at < set.length && set[at]! <= n;
}

/** How many numbers the set holds. */
export function countOf(set: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < set.length; i += 2) count += set[i + 1]! - set[i]! + 1;
  return count;
}

/** The numbers of `set` that lie in the closed range [first, last]. */
export function clip(set: readonly number[], first: number, last: number): Counters {
  const clipped: Counters = [];
  if (first > last) return clipped;
  for (let i = rangeAt(set, first); i < set.length && set[i]! <= last; i += 2) {
    clipped.push(Math.max(first, set[i]!), Math.min(last, set[i + 1]!));
  }
  return clipped;
}

/** The numbers of `set` that are not in `other`. */
export function without(set: readonly number[], other: readonly number[]): Counters {
  const rest: Counters = [];
  let at = 0;
  for (let i = 0; i < set.length; i += 2) {
    let first = set[i]!;
    const last = set[i + 1]!;
    while (at < other.length && other[at + 1]! < first) at += 2;
    for (let j = at; j < other.length && other[j]! <= last; j += 2) {
      if (other[j]! > first) rest.push(first, other[j]! - 1);
      first = Math.max(first, other[j + 1]! + 1);
    }
    if (first <= last) rest.push(first, last);
  }
  return rest;
}

/** The numbers for people: `17, 40-41`, at most `limit` ranges and how many there are beyond them. */
export function formatCounters(set: readonly number[], limit = 20): string {
  const parts: string[] = [];
  for (let i = 0; i < set.length && parts.length < limit; i += 2) {
    parts.push(set[i] === set[i + 1] ? `${set[i]}` : `${set[i]}-${set[i + 1]}`);
  }
  const rest = countOf(set.slice(2 * parts.length));
  return rest === 0 ? parts.join(', ') : `${parts.join(', ')} and ${rest} more`;
}
