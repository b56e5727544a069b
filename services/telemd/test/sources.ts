import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Instrument, InstrumentDefinition, Sources } from '../src/instrument.ts';
import { createScratch } from '../src/kernel-file.ts';
import { createProcessTable } from '../src/processes/process-table.ts';

/** A /proc or /sys of ordinary files below `root`. */
export async function writeTree(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** A clock that a test moves. */
export function manualClock(start = 1_700_000_000) {
  let at = start;
  return {
    now: () => at,
    deviation: () => 0,
    reanchor: () => {},
    advance: (seconds: number) => {
      at += seconds;
    },
  };
}

/** Sources below `root` (its `proc` and `sys`). */
export function sourcesAt(root: string, changes: Partial<Sources> = {}): Sources {
  const scratch = createScratch();
  const procRoot = `${root}/proc`;
  return {
    procRoot,
    sysRoot: `${root}/sys`,
    clock: manualClock(),
    scratch,
    netDevices: [],
    diskDevices: [],
    processes: createProcessTable({ procRoot, scratch, units: { page: 4096, ticks: 100 } }),
    self: { cpu: () => 0, rss: () => 0, dropped: () => 0 },
    ...changes,
  };
}

/** What one reading emits, keyed `metric/subsystem`, with the time of each value. */
export function readOnce(instrument: Instrument): { values: Record<string, number>; times: number[] } {
  const values: Record<string, number> = {};
  const times: number[] = [];
  instrument.read((at, metric, subsystem, value) => {
    values[subsystem === null ? metric : `${metric}/${subsystem}`] = value;
    times.push(at);
  }, new AbortController().signal);
  return { values, times };
}

/** An instrument for tests of what runs instruments. */
export function instrumentOf(read: Instrument['read'], changes: Partial<InstrumentDefinition> = {}): InstrumentDefinition {
  return { name: 'probe', doc: '', period: '1s', metrics: ['probe'], open: () => ({ read, [Symbol.dispose]() {} }), ...changes };
}
