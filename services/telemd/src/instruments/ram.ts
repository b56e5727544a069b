import { type InstrumentDefinition, Unavailable } from '../instrument.ts';
import { openKernelFile } from '../kernel-file.ts';
import { atEnd, ParseError, readInteger, scan, skipLine, startsWith } from '../scanner.ts';

/** From /proc/meminfo, in its unit, kB (of 1024 bytes). */
export interface Memory {
  readonly total: number;
  /** What programs can still get without swapping; kernels before 3.14 don't say. */
  readonly available: number | undefined;
}

/** @throws ParseError */
export function parseMemory(bytes: Uint8Array): Memory {
  const scanner = scan(bytes);
  let total: number | undefined;
  let available: number | undefined;
  const valueAfter = (key: string) => {
    scanner.at += key.length;
    return readInteger(scanner);
  };
  while (!atEnd(scanner) && (total === undefined || available === undefined)) {
    if (startsWith(scanner, 'MemTotal:')) total = valueAfter('MemTotal:');
    else if (startsWith(scanner, 'MemAvailable:')) available = valueAfter('MemAvailable:');
    skipLine(scanner);
  }
  if (total === undefined) throw new ParseError('no line begins with "MemTotal:"');
  return { total, available };
}

export const ram = {
  name: 'ram',
  doc: 'ram: memory in use (MemTotal - MemAvailable), kB',
  period: '1s',
  metrics: ['ram'],
  open({ procRoot, clock, scratch }) {
    const file = openKernelFile(`${procRoot}/meminfo`, scratch);
    return {
      read(emit) {
        const bytes = file.read();
        const at = clock.now();
        const { total, available } = parseMemory(bytes);
        if (available === undefined) throw new Unavailable(`${file.path} has no MemAvailable; it needs Linux 3.14 or later`);
        emit(at, 'ram', null, total - available);
      },
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  },
} as const satisfies InstrumentDefinition;
