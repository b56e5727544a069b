import { createHash } from 'node:crypto';
import type { Schedule } from './schedule.ts';

/** A hash over due times that come one after the other. */
export interface ScheduleHash {
  /** Adds a due time, whole microseconds. */
  add(time: number): void;
  /** SHA-256 of the times, each as a 64-bit little-endian integer; 64 hex digits. Ends the hash. */
  digest(): string;
}

/**
 * Begins a hash over due times.
 * @param blockBytes bytes that are kept and hashed at once, a multiple of 8: less memory for many hashes, or less time for one.
 */
export function createScheduleHash(blockBytes = 8192): ScheduleHash {
  const hash = createHash('sha256');
  // A small one shares its memory with others.
  const block = Buffer.allocUnsafe(blockBytes);
  let used = 0;
  return {
    add(time) {
      block.writeUInt32LE(time % 2 ** 32, used);
      block.writeUInt32LE(Math.floor(time / 2 ** 32), used + 4);
      used += 8;
      if (used < blockBytes) return;
      hash.update(block);
      used = 0;
    },
    digest: () => hash.update(block.subarray(0, used)).digest('hex'),
  };
}

/** One hash over those of several schedules in their order: SHA-256 over the hex digits of all of them; 64 hex digits. */
export function combinedHash(hashes: readonly string[]): string {
  return createHash('sha256').update(hashes.join('')).digest('hex');
}

/**
 * Draws a schedule to its end, and hashes it: two machines have the same schedule if they have the same hash.
 * @returns number of requests, and SHA-256 over the due times as 64-bit little-endian microseconds, 64 hex digits.
 */
export function scheduleHash(schedule: Schedule): { requests: number; hash: string } {
  const hash = createScheduleHash();
  let requests = 0;
  for (let time = schedule.next(); time !== undefined; time = schedule.next()) {
    hash.add(time);
    requests += 1;
  }
  return { requests, hash: hash.digest() };
}
