import type { InstrumentDefinition } from '../instrument.ts';
import { openKernelFile } from '../kernel-file.ts';
import { readDecimal, scan, skipLine } from '../scanner.ts';

/** Parses /proc/loadavg: averages over 1 and 5 minutes. @throws ParseError */
export function parseLoad(bytes: Uint8Array): { load1: number; load5: number } {
  const scanner = scan(bytes);
  const load1 = readDecimal(scanner);
  const load5 = readDecimal(scanner);
  skipLine(scanner);
  return { load1, load5 };
}

export const load = {
  name: 'load',
  doc: 'load1, load5: load average over 1 and 5 minutes',
  period: '5s',
  metrics: ['load1', 'load5'],
  open({ procRoot, clock, scratch }) {
    const file = openKernelFile(`${procRoot}/loadavg`, scratch);
    return {
      read(emit) {
        const bytes = file.read();
        const at = clock.now();
        const { load1, load5 } = parseLoad(bytes);
        emit(at, 'load1', null, load1);
        emit(at, 'load5', null, load5);
      },
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  },
} as const satisfies InstrumentDefinition;
