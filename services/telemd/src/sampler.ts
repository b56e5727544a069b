import type { Logger } from '@galileo/service';
import type { TelemetrySample } from '@galileo/wire';
import { type Instrument, type InstrumentDefinition, type Sources, Unavailable } from './instrument.ts';
import { createReading, NonsenseError, type Reading } from './reading.ts';

/** How an instrument does. */
export interface InstrumentState {
  /** Why it has nothing to give; undefined when it has, or has not been tried. */
  readonly unavailable: string | undefined;
  /** Samples published. */
  readonly samples: number;
  /** Readings that failed. */
  readonly failures: number;
  /** Mean duration of a reading, seconds; 0 before the first. */
  readonly meanDuration: number;
}

/** Reads one instrument, and keeps to itself what goes wrong with it. */
export interface Sampler {
  /** Takes a reading, unless the one before still hangs. Never throws. */
  run(): void;
  /** Tries to open the source, so that `state` can tell whether it is available. */
  probe(): void;
  /** Resolves when no reading is awaited; that takes no longer than the deadline. */
  settled(): Promise<void>;
  /** Gives up a reading under way and closes the source; the next run opens it anew, and rates begin anew. */
  close(): void;
  state(): InstrumentState;
}

export interface SamplerOptions {
  readonly definition: InstrumentDefinition;
  readonly sources: Sources;
  readonly node: string;
  readonly publish: (sample: TelemetrySample) => void;
  readonly log: Logger;
  /** Seconds after which a reading is given up. */
  readonly deadline: number;
}

type Condition = { readonly is: 'unknown' | 'working' } | { readonly is: 'unavailable' | 'failing'; readonly reason: string };

const closed = new Error('closed');

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function createSampler(options: SamplerOptions): Sampler {
  const { definition, sources, node, publish, deadline } = options;
  const log = options.log.child({ instrument: definition.name });
  const counts = { samples: 0, failures: 0, readings: 0, duration: 0 };
  let condition: Condition = { is: 'unknown' };
  let source: Instrument | undefined;
  /** Set until a reading that did not come at once has been answered or given up. */
  let awaited: { readonly done: Promise<void>; readonly abort: AbortController } | undefined;
  /** True until it has also let go. */
  let hanging = false;

  const become = (next: Condition) => {
    const before = condition.is;
    condition = next;
    if (before === next.is) return;
    if (next.is === 'unavailable') log.warn({ reason: next.reason }, 'instrument is unavailable');
    else if (next.is === 'failing') log.error({ reason: next.reason }, 'instrument fails');
    else if (before !== 'unknown') log.info('instrument works again');
  };

  const dispose = (opened: Instrument) => {
    if (source === opened) source = undefined;
    try {
      opened[Symbol.dispose]();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "instrument can't be closed");
    }
  };

  const open = (): Instrument | undefined => {
    try {
      source ??= definition.open(sources);
    } catch (error) {
      become({ is: 'unavailable', reason: messageOf(error) });
    }
    return source;
  };

  const fail = (error: unknown) => {
    if (error === closed) return;
    if (error instanceof Unavailable) return become({ is: 'unavailable', reason: error.message });
    counts.failures += 1;
    become({ is: 'failing', reason: messageOf(error) });
  };

  const measure = (began: number) => {
    counts.readings += 1;
    counts.duration += (performance.now() - began) / 1000;
  };

  const publishAll = (reading: Reading) => {
    for (const sample of reading.samples) {
      publish(sample);
      counts.samples += 1;
    }
    const nonsense = reading.nonsense();
    if (nonsense !== undefined) throw nonsense;
    become({ is: 'working' });
  };

  /** Follows a reading that did not come at once; what comes after the deadline is thrown away. */
  const wait = async (opened: Instrument, pending: Promise<void>, reading: Reading, began: number, abort: AbortController) => {
    const timer = setTimeout(() => abort.abort(new Error(`no answer within ${deadline} s`)), deadline * 1000);
    const release = (error?: unknown) => {
      hanging = false;
      if (error !== undefined || source !== opened) dispose(opened);
    };
    pending.then(() => release(), release);
    try {
      await orAborted(pending, abort.signal);
      publishAll(reading);
    } catch (error) {
      fail(error);
    } finally {
      clearTimeout(timer);
      measure(began);
      awaited = undefined;
    }
  };

  return {
    run() {
      if (hanging) return;
      const opened = open();
      if (opened === undefined) return;
      const reading = createReading(node);
      const abort = new AbortController();
      const began = performance.now();
      try {
        const pending = opened.read(reading.emit, abort.signal);
        if (pending !== undefined) {
          hanging = true;
          awaited = { abort, done: wait(opened, pending, reading, began, abort) };
          return;
        }
        publishAll(reading);
      } catch (error) {
        fail(error);
        if (!(error instanceof NonsenseError)) dispose(opened);
      }
      measure(began);
    },
    probe: () => void open(),
    settled: async () => awaited?.done,
    close() {
      const opened = source;
      source = undefined;
      awaited?.abort.abort(closed);
      // One that hangs is closed when it lets go.
      if (opened !== undefined && !hanging) dispose(opened);
    },
    state: () => ({
      unavailable: condition.is === 'unavailable' ? condition.reason : undefined,
      samples: counts.samples,
      failures: counts.failures,
      meanDuration: counts.readings === 0 ? 0 : counts.duration / counts.readings,
    }),
  };
}

/** Settles as `work` does, or rejects with the signal's reason when that comes first. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
