import { createScheduleHash, type Schedule } from '@galileo/workload';

/** A schedule that is hashed while it is drawn. */
export interface HashedSchedule extends Schedule {
  /** Hash of the whole schedule, see `scheduleHash`; undefined until it was drawn to its end. */
  hash(): string | undefined;
}

/** Little, for a worker has a hash for each of its clients. */
const blockBytes = 256;

/** Hashes a schedule on its way, for some 60 ns a request and 1 KB a client, so that it need not be drawn a second time. */
export function hashedSchedule(schedule: Schedule): HashedSchedule {
  const hash = createScheduleHash(blockBytes);
  let digest: string | undefined;
  return {
    next() {
      const time = schedule.next();
      if (time !== undefined) hash.add(time);
      else digest ??= hash.digest();
      return time;
    },
    hash: () => digest,
  };
}
