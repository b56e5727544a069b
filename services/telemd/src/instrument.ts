import type { Clock } from '@galileo/service';
import type { Scratch } from './kernel-file.ts';
import type { ProcessTable } from './processes/process-table.ts';

/**
 * Takes a value: `at` is when it was read (UNIX seconds), `subsystem` the core, device or process, or null for the
 * node as a whole. Within one reading no (metric, subsystem) comes twice.
 */
export type Emit = (at: number, metric: string, subsystem: string | null, value: number) => void;

/** Something that is measured: an opened source with the state that its rates need. */
export interface Instrument extends Disposable {
  /**
   * Measures once. What blocks is read asynchronously, ending early when `signal` aborts.
   * @throws Unavailable when the source has nothing to give; any other error is a failed reading.
   */
  read(emit: Emit, signal: AbortSignal): void | Promise<void>;
}

/** What an instrument is, and how it comes to be; the registry lists them all. */
export interface InstrumentDefinition {
  /** Name, as in the variables `telemd_period_<name>` and `telemd_instruments_enable`. */
  readonly name: string;
  /** What it measures, with units; for `--help` and the README. */
  readonly doc: string;
  /** Default period, as it would stand in the environment. */
  readonly period: string;
  /** Metrics that it emits; no other instrument emits them. */
  readonly metrics: readonly string[];
  /** Opens the source. @throws Error why it is unavailable */
  open(sources: Sources): Instrument;
}

/** Where instruments read from. */
export interface Sources {
  /** Mount of /proc. */
  readonly procRoot: string;
  /** Mount of /sys. */
  readonly sysRoot: string;
  readonly clock: Clock;
  readonly scratch: Scratch;
  /** Network devices to report; empty means the default rule of devices.ts. */
  readonly netDevices: readonly string[];
  /** Block devices to report; empty means the default rule of devices.ts. */
  readonly diskDevices: readonly string[];
  /** Named processes to report. */
  readonly processes: ProcessTable;
  /** The agent's own cost. */
  readonly self: SelfUsage;
}

/** What the agent's own process uses. */
interface SelfUsage {
  /** CPU time since the start, seconds. */
  cpu(): number;
  /** Resident memory, bytes. */
  rss(): number;
  /** Samples dropped since the start, because they could not be sent. */
  dropped(): number;
}

/** This machine (or what is mounted of it) does not have what is asked for. The message says what is missing. */
export class Unavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unavailable';
  }
}
