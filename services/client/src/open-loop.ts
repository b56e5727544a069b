import type { Schedule } from '@galileo/workload';
import { createRun } from './run.ts';
import type { HandOver, Workload } from './workload.ts';

/** What becomes of requests that are due while as many as allowed are on the way. */
export interface FlightLimit {
  /** Requests of the workload on the way at a time. */
  readonly maxInFlight: number;
  /** `queue`: they wait inside and are handed over when others end; `drop`: they fail as `dropped`, and are never sent. */
  readonly policy: 'queue' | 'drop';
}

/** Requests at the times of a schedule whose T0 is `start` (UNIX seconds), whatever is answered, unless there is a limit. */
export function createOpenLoop(schedule: Schedule, start: number, limit: FlightLimit | undefined, handOver: HandOver): Workload {
  const run = createRun(schedule, start);
  const most = limit?.maxInFlight ?? Number.POSITIVE_INFINITY;
  /** Due times of those that wait inside, from `head` on. */
  let waiting: number[] = [];
  let head = 0;
  let inFlight = 0;
  let stopped = false;
  let draining = false;

  const nextDue = () => (stopped ? undefined : run.next());

  function send(due: number, now: number, refusal?: string): void {
    inFlight += 1;
    handOver(due, now, refusal);
  }

  /** A request may fail before `send` returns; then the loop goes on, and not one deeper. */
  function drain(now: number): void {
    if (draining) return;
    draining = true;
    while (head < waiting.length && inFlight < most) send(waiting[head++]!, now);
    if (head === waiting.length) {
      waiting = [];
      head = 0;
    }
    draining = false;
  }

  return {
    scheduled: true,
    nextDue,
    release(now) {
      const due = run.next()!;
      run.take();
      if (inFlight < most) send(due, now);
      else if (limit?.policy === 'drop') send(due, now, 'dropped');
      else waiting.push(due);
    },
    settled(now) {
      inFlight -= 1;
      drain(now);
    },
    stop() {
      stopped = true;
      waiting = [];
      head = 0;
    },
    intended: run.intended,
    isOver: () => nextDue() === undefined && waiting.length === 0 && inFlight === 0,
  };
}
