import { createRegistry } from '@galileo/service/metrics';
import { Gauge, type Registry } from 'prom-client';
import type { Agent, InstrumentStatus } from './agent.ts';

const figures: readonly { name: string; help: string; of: (status: InstrumentStatus) => number }[] = [
  { name: 'samples_total', help: 'Samples published', of: status => status.samples },
  { name: 'failures_total', help: 'Readings that failed', of: status => status.failures },
  { name: 'skipped_ticks_total', help: 'Ticks without a reading, because the process was held up', of: status => status.skipped },
  { name: 'reading_seconds', help: 'Mean duration of a reading', of: status => status.meanDuration },
];

/** The process's own metrics and the figures of each instrument. */
export function agentMetrics(agent: Agent): Registry {
  const registry = createRegistry();
  for (const { name, help, of } of figures) {
    new Gauge({
      name: `galileo_telemd_${name}`,
      help,
      labelNames: ['instrument'],
      registers: [registry],
      collect() {
        for (const status of agent.list()) this.set({ instrument: status.name }, of(status));
      },
    });
  }
  return registry;
}
