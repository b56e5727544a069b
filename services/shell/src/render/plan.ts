import type { ExperimentSpec } from '@galileo/experiment';
import type { Plan, PlannedClient } from '../dry-run.ts';
import type { RenderOptions } from './paint.ts';
import { table } from './table.ts';
import { count, nothing, span } from './units.ts';
import { wrap } from './wrap.ts';

/** How many requests there are, as far as that is known before answers come. */
function requests(clients: readonly PlannedClient[]): string {
  const known = clients.filter(client => client.requests !== null);
  if (known.length === 0) return 'as many requests as are answered, of';
  const sum = known.reduce((total, client) => total + client.requests!, 0);
  const some = `${clients.every(client => client.exact) ? '' : 'about '}${count(sum)}`;
  return `${some} requests${known.length === clients.length ? '' : ', and as many as are answered,'} of`;
}

function clientLines(client: PlannedClient, width: number): string[] {
  const { service, zone, concurrency, arrivals } = client;
  const title = `  ${client.client}  ${service} (${zone}):`;
  if (concurrency !== null) {
    const end = client.requests === null ? '' : `, ${count(client.requests)} requests`;
    return [`${title} closed loop, ${count(concurrency)} at a time${end}`];
  }
  const many = `${client.exact ? '' : 'about '}${count(client.requests ?? 0)}`;
  const first = wrap(arrivals.map(due => due.toFixed(6)).join(' ') || 'none', width, '     ');
  return [`${title} ${many} requests, the first after (seconds)`, first];
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
  const clients = plan.clients.flatMap(client => clientLines(client, width));
  const hash = plan.scheduleHash === null ? [] : [`  schedule ${plan.scheduleHash}`];
  const load =
    spec.duration > 0 ? `${span(spec.duration)}, the first ${span(spec.warmup)} of it warm-up` : 'as long as the requests last';
  return [
    `${paint('bold', spec.name)}  dry run: nothing is started`,
    '',
    paint('bold', 'Placement'),
    placement,
    '',
    `${paint('bold', 'Load')}  ${load}; ${requests(plan.clients)} ${count(plan.clients.length)} clients, seed ${spec.seed}`,
    ...hash,
    ...clients,
    '',
  ].join('\n');
}

/** The same as one JSON object. */
export function planJson(spec: ExperimentSpec, plan: Plan) {
  const { name, seed, duration, warmup } = spec;
  return {
    experiment: { name, seed, duration, warmup },
    schedule_hash: plan.scheduleHash,
    placement: plan.placement,
    clients: plan.clients,
  };
}
