import { readdirSync } from 'node:fs';
import { createLog } from '@galileo/service';
import { hasCounter } from '../counters.ts';
import type { IsNeeded } from './contents.ts';
import type { SpooledRecord } from './segment-format.ts';
import { type Dropped, openSpool, type Spool, type SpoolOptions } from './spool.ts';
import type { ProducerState } from './state.ts';

// What the tests of the spool share.

/** Opens a spool of small segments; what it drops and logs is kept. */
export function open(directory: string, options: Partial<SpoolOptions> = {}) {
  const dropped: Dropped[] = [];
  const messages: string[] = [];
  const log = createLog('test', 'DEBUG', { write: line => messages.push(JSON.parse(line).msg) });
  const clock = { now: 1_700_000_000 };
  const defaults = { producerId: 'client/n/1', maxBytes: 64 * 1024, segmentBytes: 1024, now: () => clock.now };
  const spool = openSpool({ directory, ...defaults, log, onDropped: one => dropped.push(one), ...options });
  return { spool, dropped, messages, clock };
}

/** The token of all traces. */
export const token = '0123456789abcdef';

/** A trace of about 100 bytes. */
export const traceLine = (counter: number): string => `${token}:${counter},w:pi:0,pi,1.5,1.5,1.5,200,,,,${'x'.repeat(40)}`;

/** Appends traces with these counters and commits them. */
export function write(spool: Spool, first: number, last: number): void {
  for (let n = first; n <= last; n++) spool.append('trace', 'galileo/results/traces', traceLine(n));
  spool.commit();
}

/** Counters of the traces among these records. */
export const counters = (records: Iterable<SpooledRecord>): number[] =>
  [...records].filter(({ kind }) => kind === 'trace').map(({ line }) => Number(/:(\d+),/.exec(line)![1]));

export const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Needs the traces with these counters, and nothing else. */
export const needs =
  (...needed: readonly number[]): IsNeeded =>
  ({ traces }) =>
    needed.some(counter => hasCounter(traces.get(token) ?? [], counter));

/** A state without a recording, which one client tells from others. */
export const stateOf = (settledTo: number): ProducerState => ({
  position: settledTo,
  recordings: [],
  clients: [{ clientId: 'w:pi:0', service: 'pi', token, settled: [1, settledTo] }],
});

/** Names of the segments in a directory, in their order. */
export const segmentsIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter(name => name.endsWith('.segment'))
    .sort();
