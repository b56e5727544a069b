import type { InstrumentDefinition } from '../instrument.ts';

/** The table of processes outlives this instrument: closing and opening it (a pause) must not make counters start anew. */
export const processes = {
  name: 'process',
  doc: 'proc_cpu/NAME, proc_rss/NAME: CPU time (cumulative, ns) and resident memory (bytes) of named processes with their descendants',
  period: '500ms',
  metrics: ['proc_cpu', 'proc_rss'],
  open: ({ processes: table, clock }) => ({
    read(emit) {
      const usages = table.read();
      const at = clock.now();
      for (const { name, cpu, rss } of usages) {
        emit(at, 'proc_cpu', name, cpu);
        emit(at, 'proc_rss', name, rss);
      }
    },
    [Symbol.dispose]() {},
  }),
} as const satisfies InstrumentDefinition;
