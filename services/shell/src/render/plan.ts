import type { ExperimentSpec } from '@galileo/experiment';
import type { Plan, PlannedClient } from '../dry-run.ts';
import type { RenderOptions } from './paint.ts';
import { table } from './table.ts';
import { count, nothing, span } from './units.ts';
import { wrap } from './wrap.ts';

function requests(clients: readonly PlannedClient[]): string {
  const sum = clients.reduce((total, client) => total + client.requests, 0);
  return `${clients.every(client => client.exact) ? '' : 'about '}${count(sum)}`;
}

/** What a dry run found, as text with a newline at its end. */
export function renderPlan(spec: ExperimentSpec, plan: Plan, { paint, width }: RenderOptions): string {
  const placement = table(
    [{ title: 'replica' }, { title: 'node' }, { title: 'zone' }, { title: 'weight', align: 'right' }, { title: 'command' }],
    plan.placement.map(({ replica, node, zone, weight, command, address }) => [
      replica,
      node,
      zone,
      String(weight),
      command?.join(' ') ?? (address === null ? nothing : `none: runs at ${address}`),
    ]),
  );
  const clients = plan.clients.flatMap(client => [
    `  ${client.client}  ${client.service} (${client.zone}): ${requests([client])} requests, the first after (seconds)`,
    wrap(client.arrivals.map(due => due.toFixed(6)).join(' ') || 'none', width, '     '),
  ]);
  const load =
    spec.duration > 0 ? `${span(spec.duration)}, the first ${span(spec.warmup)} of it warm-up` : 'as long as the requests last';
  return [
    `${paint('bold', spec.name)}  dry run: nothing is started`,
    '',
    paint('bold', 'Placement'),
    placement,
    '',
    `${paint('bold', 'Load')}  ${load}; ${requests(plan.clients)} requests of ${count(plan.clients.length)} clients, seed ${spec.seed}`,
    ...clients,
    '',
  ].join('\n');
}

/** The same as one JSON object. */
export function planJson(spec: ExperimentSpec, plan: Plan) {
  const { name, seed, duration, warmup } = spec;
  return { experiment: { name, seed, duration, warmup }, placement: plan.placement, clients: plan.clients };
}
