import type { InstrumentDefinition } from '../instrument.ts';
import { openKernelFile } from '../kernel-file.ts';
import { moreOnLine, ParseError, readInteger, readWord, type Scanner, scan, skipLine, startsWith } from '../scanner.ts';

/** Ticks that a core, or all of them (`core` null), has spent since boot. */
export interface CpuTimes {
  readonly core: string | null;
  /** user + nice + system + irq + softirq + steal. */
  readonly busy: number;
  readonly idle: number;
  readonly iowait: number;
}

/** Columns of /proc/stat (proc_stat(5)); guest and guest_nice, which follow, are part of user and nice. */
function readTimes(scanner: Scanner, core: string | null): CpuTimes {
  const [user, nice, system, idle] = [
    readInteger(scanner),
    readInteger(scanner),
    readInteger(scanner),
    readInteger(scanner),
  ] as const;
  // Kernels of long ago end here.
  const [iowait, irq, softirq, steal] = [0, 0, 0, 0].map(none => (moreOnLine(scanner) ? readInteger(scanner) : none));
  return { core, busy: user + nice + system + irq! + softirq! + steal!, idle, iowait: iowait! };
}

/** Parses the first lines of /proc/stat: the sum first, then each core that is online. @throws ParseError */
export function parseCpuTimes(bytes: Uint8Array): CpuTimes[] {
  const scanner = scan(bytes);
  const times: CpuTimes[] = [];
  while (startsWith(scanner, 'cpu')) {
    const name = readWord(scanner);
    if (!/^cpu\d*$/.test(name)) throw new ParseError(`expected cpu or cpu<n>, found ${JSON.stringify(name)}`);
    times.push(readTimes(scanner, name === 'cpu' ? null : name.slice(3)));
    skipLine(scanner);
  }
  if (times.length === 0) throw new ParseError('no line begins with "cpu"');
  return times;
}

/**
 * Share of the time between two readings that was spent busy, percent. None if no tick has passed, or if the counters
 * have fallen. That iowait falls is normal (proc_stat(5)) and counts as no waiting.
 */
export function busyPercent(before: CpuTimes, now: CpuTimes): number | undefined {
  const busy = now.busy - before.busy;
  const idle = now.idle - before.idle;
  if (busy < 0 || idle < 0) return undefined;
  const all = busy + idle + Math.max(0, now.iowait - before.iowait);
  return all > 0 ? (busy / all) * 100 : undefined;
}

export const cpu = {
  name: 'cpu',
  doc: 'cpu and cpu/N: busy share of all cores and of core N over the period, %',
  period: '500ms',
  metrics: ['cpu'],
  open({ procRoot, clock, scratch }) {
    const file = openKernelFile(`${procRoot}/stat`, scratch);
    let before = new Map<string | null, CpuTimes>();
    return {
      read(emit) {
        const bytes = file.read();
        const at = clock.now();
        const now = new Map(parseCpuTimes(bytes).map(times => [times.core, times]));
        for (const [core, times] of now) {
          const last = before.get(core);
          const percent = last && busyPercent(last, times);
          if (percent !== undefined) emit(at, 'cpu', core, percent);
        }
        before = now;
      },
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  },
} as const satisfies InstrumentDefinition;
