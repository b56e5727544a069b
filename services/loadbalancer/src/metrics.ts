import { createRegistry } from '@galileo/service/metrics';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Functions } from './functions.ts';

/** Counters that belong to no replica. */
export interface OwnCounters {
  /** Requests that the load balancer answered itself. */
  ownAnswers: number;
  /** Weights in etcd that could not be used. */
  refusedWeights: number;
}

/** Registry of the process's metrics and of the same counters as `GetStatistics` gives. */
export function createMetrics(functions: Functions, counters: OwnCounters): Registry {
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
  const own = [
    { name: 'galileo_lb_own_answers_total', help: 'Requests answered by the load balancer itself.', field: 'ownAnswers' },
    { name: 'galileo_lb_refused_weights_total', help: 'Weights in etcd that could not be used.', field: 'refusedWeights' },
  ] as const;
  for (const { name, help, field } of own) {
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset();
        this.inc(counters[field]);
      },
    });
  }
  return registry;
}
