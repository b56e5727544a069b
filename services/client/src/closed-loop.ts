import type { HandOver, Workload } from './workload.ts';

/** So many requests at a time, each as soon as one has ended. It ends by itself if `requests` or `duration` is given. */
export interface ClosedLoop {
  readonly concurrency: number;
  readonly requests?: number;
  /** From the start on, seconds; what is on the way then is waited for. */
  readonly duration?: number;
}

/** Why there can't be such a loop; `undefined` if there can. */
export function closedLoopProblem({ concurrency, requests, duration }: ClosedLoop): string | undefined {
  const isCount = (value: number) => Number.isSafeInteger(value) && value > 0;
  if (!isCount(concurrency)) return `concurrency: found ${concurrency}; allowed: a whole number above 0`;
  if (requests !== undefined && !isCount(requests)) return `requests: found ${requests}; allowed: a whole number above 0`;
  if (duration !== undefined && !(duration > 0 && Number.isFinite(duration))) {
    return `duration: found ${duration}; allowed: a number of seconds above 0`;
  }
  return undefined;
}

/**
 * A closed loop from `start` (UNIX seconds) on. Its requests have no intended time: they are created when handed over, which is
 * when the answers that have come are all read. One after the other, each would find a target asleep that has answered
 * everything, and to wake it costs more than the request (with 64 at a time that is a third of all CPU).
 */
export function createClosedLoop(loop: ClosedLoop, start: number, clock: () => number, handOver: HandOver): Workload {
  const { concurrency, requests = Number.POSITIVE_INFINITY, duration = Number.POSITIVE_INFINITY } = loop;
  const end = start + duration;
  let due: number | undefined = start;
  let released = 0;
  let inFlight = 0;
  let stopped = false;
  let filling = false;

  const mayRelease = (now: number) => !stopped && inFlight < concurrency && released < requests && now < end;

  /**
   * Requests that fail before `handOver` returns make room at once. After a round of them the rest waits for the pacer's next
   * turn, so that a service without a route does not take the event loop for itself.
   */
  function fill(now: number): void {
    if (filling) return;
    filling = true;
    for (let round = 0; round < concurrency && mayRelease(now); round += 1) {
      released += 1;
      inFlight += 1;
      const time = clock();
      handOver(time, time);
    }
    filling = false;
    due = mayRelease(now) ? now : undefined;
  }

  return {
    scheduled: false,
    nextDue: () => due,
    release: fill,
    settled(now) {
      inFlight -= 1;
      if (due === undefined && mayRelease(now)) due = now;
    },
    stop() {
      stopped = true;
      due = undefined;
    },
    intended: () => released,
    isOver: () => due === undefined && inFlight === 0 && !filling,
  };
}
