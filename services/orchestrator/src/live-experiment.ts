import { createRedaction } from '@galileo/experiment';
import type { Ending } from './ending.ts';
import { isFinal, type State, transition } from './experiment-state.ts';
import type { LoadFigures } from './load-figures.ts';
import type { Submission } from './submission.ts';
import { formatSummary, type Summary } from './summary.ts';

/** An experiment as it stands in the store. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly creator: string;
  readonly created: number;
  readonly start: number | null;
  readonly end: number | null;
  readonly status: State;
  readonly reason: string | null;
}

/** What is told to those who watch. */
export interface Update {
  readonly row: Row;
  readonly phase: string;
  /** When no more requests are due, UNIX seconds; undefined outside RUNNING. */
  readonly loadEnd: number | undefined;
  readonly load: LoadFigures | undefined;
  /** Since the watcher's last update. */
  readonly notices: readonly string[];
}

/** An experiment that has not ended, or has just. */
export interface LiveExperiment {
  readonly id: string;
  readonly submission: Submission;
  /** Aborted with the reason when it is to end before its time: a StopError, or what has gone wrong. */
  readonly signal: AbortSignal;
  readonly row: () => Row;
  readonly summary: () => Summary;
  /** Goes to the next state, stores it, and tells it with the phase that begins there. @throws TransitionError, and what the store throws. */
  advance(state: State, phase?: string, patch?: { start?: number; loadEnd?: number }): Promise<void>;
  /** Changes the summary; it is stored with the next state. */
  summarise(patch: Partial<Summary>): void;
  /** Changes the summary and stores it. @throws what the store throws */
  record(patch: Partial<Summary>): Promise<void>;
  /** Goes to a final state; never throws. `at`: UNIX seconds. */
  finish(ending: Ending, at: number): Promise<void>;
  phase(text: string): void;
  figures(load: LoadFigures): void;
  notice(text: string): void;
  /** A notice that also stands in the report. */
  remark(text: string): void;
  /** Asks for its end; the first to ask is heard. */
  stop(error: Error): void;
  /** Wakes all watchers: something that is told with it has changed. */
  touch(): void;
  /** Updates: one at once, then at each change and at least every `interval` seconds; the last one is final. */
  watch(interval: number, signal: AbortSignal): AsyncIterable<Update>;
}

export interface LiveOptions {
  readonly row: Row;
  readonly submission: Submission;
  readonly summary: Summary;
  /** Stores a change. */
  store(patch: {
    status: State;
    start: number | null;
    end: number | null;
    reason: string | null;
    summary: string;
  }): Promise<void>;
  /** Told when the final state could not be stored. */
  onStoreError(error: unknown): void;
}

export function createLiveExperiment(options: LiveOptions): LiveExperiment {
  const { submission } = options;
  const { id } = options.row;
  const redact = createRedaction(submission.environment);
  const stopping = new AbortController();
  const notices: string[] = [];
  const wakers = new Set<() => void>();
  let { row, summary } = options;
  let phase = '';
  let load: LoadFigures | undefined;
  let loadEnd: number | undefined;
  let version = 0;

  function touch(): void {
    version += 1;
    for (const wake of wakers) wake();
  }

  /** Stores a row and then tells it: who hears of the end may ask for the report at once. */
  async function store(next: Row): Promise<void> {
    const { status, start, end, reason } = next;
    await options.store({ status, start, end, reason, summary: formatSummary(summary) });
  }

  async function* watch(interval: number, signal: AbortSignal): AsyncIterable<Update> {
    let told = 0;
    let wake = () => {};
    const waker = () => wake();
    wakers.add(waker);
    signal.addEventListener('abort', waker);
    try {
      while (!signal.aborted) {
        const seen = version;
        const fresh = notices.slice(told);
        told = notices.length;
        yield { row, phase, loadEnd: row.status === 'RUNNING' ? loadEnd : undefined, load, notices: fresh };
        if (version !== seen || signal.aborted) continue;
        if (isFinal(row.status)) return;
        const next = Promise.withResolvers<void>();
        wake = next.resolve;
        const timer = setTimeout(next.resolve, interval * 1000);
        await next.promise;
        clearTimeout(timer);
      }
      signal.throwIfAborted();
    } finally {
      wakers.delete(waker);
      signal.removeEventListener('abort', waker);
    }
  }

  function notice(text: string): void {
    notices.push(redact(text));
    touch();
  }

  return {
    id,
    submission,
    signal: stopping.signal,
    row: () => row,
    summary: () => summary,
    async advance(state, text = '', patch = {}) {
      const next = { ...row, status: transition(id, row.status, state), start: patch.start ?? row.start };
      await store(next);
      row = next;
      phase = text;
      loadEnd = patch.loadEnd ?? loadEnd;
      touch();
    },
    summarise(patch) {
      summary = { ...summary, ...patch };
    },
    async record(patch) {
      summary = { ...summary, ...patch };
      await store(row);
    },
    async finish(ending, at) {
      const reason = ending.reason === null ? null : redact(ending.reason);
      const next = { ...row, status: transition(id, row.status, ending.state), end: at, reason };
      await store(next).catch(options.onStoreError);
      row = next;
      phase = '';
      touch();
    },
    phase(text) {
      phase = text;
      touch();
    },
    figures(next) {
      load = next;
      touch();
    },
    notice,
    remark(text) {
      summary = { ...summary, notes: [...summary.notes, redact(text)] };
      notice(text);
    },
    stop(error) {
      if (!stopping.signal.aborted) stopping.abort(error);
    },
    touch,
    watch,
  };
}
