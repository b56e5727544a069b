/** What a pacer works off. */
export interface DueQueue {
  /** When the next request is due, UNIX seconds; `undefined` if none is planned. */
  nextDue(): number | undefined;
  /** Hands the next request over; `now` in UNIX seconds. Never throws. */
  release(now: number): void;
}

/** Time as a pacer needs it, replaced in tests. */
export interface PacerTime {
  /** UNIX seconds. */
  now(): number;
  /** Calls back after about so many milliseconds. Returns what cancels it. */
  timer(callback: () => void, milliseconds: number): () => void;
  /** Calls back after what the sockets have to say has been taken. Returns what cancels it. */
  turn(callback: () => void): () => void;
  /** Sleeps, deaf to everything; seconds. */
  nap(seconds: number): void;
}

/**
 * How a pacer waits near a due time: `precise` turns round the event loop without rest and takes a whole core, `balanced` naps
 * between the turns, `eco` uses timers alone, which are late by half a millisecond to two.
 */
export type Pacing = 'precise' | 'balanced' | 'eco';

/** A timer is exact to a millisecond or two; nearer than this it would be late. */
const timerRange = 0.0022;
/** Without rest it waits from here on, seconds: the core stays warm. */
const spinRange = 0.02;
/** What a timer may be late by, milliseconds: it is set so much too early. */
const timerSlack = 1.2;
const longestNap = 50e-6;
/** The kernel lets a nap end some 60 us late; a request that is nearer than this is awaited without naps. */
const wakeUp = 80e-6;
/** Requests handed over before the sockets get a turn, also while lateness is caught up. */
const burst = 64;

/**
 * Hands requests over when they are due. Far from the next one it sets a timer; near it turns round the event loop and
 * sleeps in short naps between the turns, which is nearly as exact as spinning at a fraction of its CPU time. What is
 * late is caught up at once, in order, and nothing is skipped.
 */
export function createPacer(queue: DueQueue, time: PacerTime, pacing: Pacing = 'balanced') {
  const range = pacing === 'precise' ? spinRange : timerRange;
  let cancel = () => {};
  let stopped = false;

  /** Hands over what is due, up to a burst. */
  function releaseDue(): number {
    let released = 0;
    for (let due = queue.nextDue(); due !== undefined && released < burst; due = queue.nextDue()) {
      const now = time.now();
      if (due > now) break;
      queue.release(now);
      released += 1;
    }
    return released;
  }

  function step(): void {
    const released = releaseDue();
    const due = stopped ? undefined : queue.nextDue();
    if (due === undefined) return;
    const away = due - time.now();
    if (pacing === 'eco') {
      cancel = away > 0 ? time.timer(step, Math.max(1, Math.ceil(away * 1000))) : time.turn(step);
      return;
    }
    if (away > range) {
      cancel = time.timer(step, Math.floor(away * 1000 - timerSlack));
      return;
    }
    // After a release the sockets get their turn first: a nap would delay the requests that are being written.
    if (pacing === 'balanced' && released === 0 && away > wakeUp) time.nap(Math.min(longestNap, away - wakeUp));
    cancel = time.turn(step);
  }

  return {
    /** Looks at the queue anew: something was planned or taken out. */
    wake(): void {
      cancel();
      if (!stopped) cancel = time.turn(step);
    },
    /** Hands nothing over any more. */
    stop(): void {
      stopped = true;
      cancel();
    },
  };
}
