import type { InstrumentDefinition } from '../instrument.ts';

/** The agent's process is what is measured: inside `standalone` that is orchestrator, recorder and agent together. */
export const self = {
  name: 'self',
  doc: "self_cpu: the agent's own CPU over the period, % of one core; self_rss: its memory, bytes; self_dropped: samples dropped since its start",
  period: '5s',
  metrics: ['self_cpu', 'self_rss', 'self_dropped'],
  open({ self: usage, clock }) {
    let before: { at: number; cpu: number } | undefined;
    return {
      read(emit) {
        const cpu = usage.cpu();
        const at = clock.now();
        if (before !== undefined && at > before.at) emit(at, 'self_cpu', null, ((cpu - before.cpu) / (at - before.at)) * 100);
        before = { at, cpu };
        emit(at, 'self_rss', null, usage.rss());
        emit(at, 'self_dropped', null, usage.dropped());
      },
      [Symbol.dispose]() {},
    };
  },
} as const satisfies InstrumentDefinition;
