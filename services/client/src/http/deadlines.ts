/**
 * Something that takes too long after a while. It is a link of a chain itself: a Set of very many that come and go leaves its
 * outgrown tables behind, each of which keeps the next one alive once one has become old; a third of the young generation then
 * survived every collection, which took 40 ms.
 */
export abstract class Timed {
  /** When that is, on the monotonic clock, milliseconds. */
  deadline = 0;
  /** Where it waits, and between whom. */
  line: Line | undefined = undefined;
  before: Timed | undefined = undefined;
  after: Timed | undefined = undefined;

  /** It has come. Called once, after it was taken out. */
  abstract expire(): void;
}

/** Those with time-outs of one length, in the order in which they began, which is that in which they expire. */
interface Line {
  first: Timed | undefined;
  last: Timed | undefined;
}

/** How exact a deadline is, milliseconds. */
const tick = 10;

function append(line: Line, timed: Timed): void {
  timed.line = line;
  timed.before = line.last;
  if (line.last === undefined) line.first = timed;
  else line.last.after = timed;
  line.last = timed;
}

function remove(line: Line, timed: Timed): void {
  const { before, after } = timed;
  if (before === undefined) line.first = after;
  else before.after = after;
  if (after === undefined) line.last = before;
  else after.before = before;
  timed.line = timed.before = timed.after = undefined;
}

/**
 * Time-outs of very many requests. Of each length only the oldest is looked at; a timer per request would cost more than writing
 * it.
 */
export function createDeadlines(monotonic: () => number = () => performance.now()) {
  const lines = new Map<number, Line>();
  let timer: NodeJS.Timeout | undefined;
  let running = 0;

  function look(): void {
    const now = monotonic();
    for (const line of lines.values()) {
      for (let { first } = line; first !== undefined && first.deadline <= now; { first } = line) {
        end(first);
        first.expire();
      }
    }
    if (running > 0) return;
    clearInterval(timer);
    timer = undefined;
    lines.clear();
  }

  function end(timed: Timed): void {
    if (timed.line === undefined) return;
    remove(timed.line, timed);
    running--;
  }

  return {
    /** Begins to wait; `seconds` above 0. */
    begin(timed: Timed, seconds: number): void {
      let line = lines.get(seconds);
      if (line === undefined) {
        line = { first: undefined, last: undefined };
        lines.set(seconds, line);
      }
      timed.deadline = monotonic() + seconds * 1000;
      append(line, timed);
      running++;
      timer ??= setInterval(look, tick);
    },

    /** It is done in time. Does nothing if it is not waited for. */
    end,
  };
}

export type Deadlines = ReturnType<typeof createDeadlines>;
