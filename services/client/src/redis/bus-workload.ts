import { isPyNumber, pyNumber, type SetWorkloadCommand } from '@galileo/wire';
import { checkSchedule, type DistributionName, ScheduleError } from '@galileo/workload';
import type { Plan } from '../shards/shard.ts';

/** What a SetWorkloadCommand asks of its client. */
export type BusWorkload =
  | Plan
  /** Inter-arrival times that wait in Redis; at most so many of them. */
  | { readonly kind: 'recorded'; readonly most: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Threads of an original client: so many of its requests are on the way at a time. */
const threads = 50;

/** End of what has none, seconds: 31 years. */
const forEver = 1e9;

const refused = (reason: string): BusWorkload => ({ kind: 'refused', reason });

/** Reads a command. `seed` decides over what is drawn. */
export function busWorkload({ num, distribution, parameters }: SetWorkloadCommand, seed: number): BusWorkload {
  if (num !== null && num <= 0) return { kind: 'nothing' };
  if (distribution === 'prerecorded') return { kind: 'recorded', most: num ?? Number.POSITIVE_INFINITY };
  if (distribution === 'constant' && (parameters === null || parameters.length === 0)) {
    if (num === null) return refused('neither num nor parameters are given: it would have no end');
    return { kind: 'loop', loop: { concurrency: threads, requests: num } };
  }
  const given = parameters ?? [];
  const wrong = given.findIndex(value => !isPyNumber(value));
  if (wrong >= 0) return refused(`parameters[${wrong}] is no number`);
  const numbers = given.filter(isPyNumber).map(pyNumber);
  const arrival = {
    kind: 'distribution' as const,
    name: distribution as DistributionName,
    // A constant gap below 0 means at once, as drawn gaps below 0 do.
    parameters: distribution === 'constant' ? numbers.map(gap => Math.max(0, gap)) : numbers,
    ...(num !== null && { requests: num }),
  };
  const schedule = { arrival, seed, ...(num === null && { duration: forEver }) };
  try {
    checkSchedule(schedule);
    return { kind: 'schedule', schedule };
  } catch (error) {
    if (error instanceof ScheduleError) return refused(error.message);
    throw error;
  }
}
