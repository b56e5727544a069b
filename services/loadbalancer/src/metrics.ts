import { createRegistry } from '@galileo/service';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Functions } from './functions.ts';

/** Registry of the process's metrics and of the same counters as `GetStatistics` gives. */
export function createMetrics(functions: Functions, ownAnswers: () => number): Registry {
  const registry = createRegistry();
  const registers = [registry];
  const labelNames = ['function', 'replica'];
  const perReplica = [
    { kind: Counter, name: 'galileo_lb_requests_total', help: 'Requests given to a replica.', field: 'requests' },
    { kind: Counter, name: 'galileo_lb_errors_total', help: 'Requests that a replica did not answer.', field: 'errors' },
    { kind: Gauge, name: 'galileo_lb_in_flight', help: 'Requests in flight at a replica.', field: 'inFlight' },
  ] as const;
  for (const { kind, name, help, field } of perReplica) {
    new kind({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset();
        for (const row of functions.statistics()) this.inc({ function: row.name, replica: row.address }, row[field]);
      },
    });
  }
  new Counter({
    name: 'galileo_lb_own_answers_total',
    help: 'Requests answered by the load balancer itself.',
    registers,
    collect() {
      this.reset();
      this.inc(ownAnswers());
    },
  });
  return registry;
}
