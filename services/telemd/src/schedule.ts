/** Runs tasks on grids of time: every `period` seconds, at multiples of it, however long a run takes. */
export interface Schedule extends Disposable {
  /** Adds a task, or gives it another period; its next run is at the next multiple of the period. */
  set(task: string, period: number): void;
  delete(task: string): void;
  /** Multiples of the period that went by without a run, because the process or the machine was held up. */
  skipped(task: string): number;
}

interface Task {
  period: number;
  /** The multiple of the period at which it last ran. */
  index: number;
  skipped: number;
}

/** A timer may fire up to a millisecond early, since it counts whole ones; that is not worth another timer. */
const early = 0.001;

/** The longest time that a Node timer is given here, seconds; it could count 24 days. */
const longest = 3600;

/** Number of the tick that is due, or undefined if none is. Exported for its test. */
export function dueTick(now: number, period: number, last: number): number | undefined {
  const index = Math.floor((now + early) / period);
  return index > last ? index : undefined;
}

/**
 * @param origin UNIX seconds now. Grids of all nodes coincide as far as their clocks do, so that samples of several
 *   nodes can be compared; from here on only `monotonic` counts, and a step of the system clock moves no tick.
 * @param monotonic seconds of a clock that never steps
 */
export function startSchedule(
  origin: number,
  run: (task: string) => void,
  monotonic: () => number = () => performance.now() / 1000,
): Schedule {
  const offset = origin - monotonic();
  const now = () => offset + monotonic();
  const tasks = new Map<string, Task>();
  let timer: NodeJS.Timeout | undefined;

  const arm = () => {
    clearTimeout(timer);
    if (tasks.size === 0) return;
    const next = Math.min(...[...tasks.values()].map(task => (task.index + 1) * task.period));
    const wait = Math.min(Math.max(next - now(), 0), longest);
    timer = setTimeout(tick, Math.round(wait * 1000));
  };

  const tick = () => {
    for (const [name, task] of [...tasks]) {
      const due = dueTick(now(), task.period, task.index);
      if (due === undefined) continue;
      task.skipped += due - task.index - 1;
      task.index = due;
      run(name);
    }
    arm();
  };

  return {
    set(name, period) {
      const index = Math.floor(now() / period);
      tasks.set(name, { period, index, skipped: tasks.get(name)?.skipped ?? 0 });
      arm();
    },
    delete(name) {
      tasks.delete(name);
      arm();
    },
    skipped: name => tasks.get(name)?.skipped ?? 0,
    [Symbol.dispose]() {
      tasks.clear();
      clearTimeout(timer);
    },
  };
}
