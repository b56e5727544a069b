import type { ExperimentSpec } from '@galileo/experiment';
import { labelsText, unplaceable } from '../placement.ts';
import type { AgentMember, BalancerMember, Members, WorkerMember } from './fleet.ts';
import { paced, pacingOf, pacingVariable } from './pacing.ts';

/** The kinds of members. */
export type Kind = 'client' | 'loadbalancer' | 'telemd';

/** What an experiment needs and the members at hand don't give. */
export interface Missing {
  readonly kind: Kind;
  /** What would be enough, for `waiting for …`. */
  readonly awaited: string;
  /** A sentence that also tells what was found. */
  readonly message: string;
}

/** The part of the members that the check needs. */
export interface Present {
  readonly workers: readonly Pick<WorkerMember, 'name' | 'labels'>[];
  readonly balancers: readonly Pick<BalancerMember, 'name'>[];
  readonly agents: readonly Pick<AgentMember, 'name'>[];
}

/** Finds what members lack for an experiment, each thing once. */
export function missingFor(spec: ExperimentSpec, members: Present | Members): Missing[] {
  return [...missingWorkers(spec, members), ...missingBalancers(members), ...missingAgents(spec, members)];
}

function missingWorkers({ workloads, pacing }: ExperimentSpec, { workers: present }: Present): Missing[] {
  const workers = paced(present, pacing);
  if (workers.length === 0 && present.length > 0) {
    const found = present.map(worker => `${worker.name} (${pacingOf(worker)})`).join(', ');
    const message = `no load client has the pacing ${pacing} that the file asks for (${pacingVariable}); found: ${found}`;
    return [{ kind: 'client', awaited: `a load client with the pacing ${pacing}`, message }];
  }
  if (workers.length === 0) {
    const wanted = [...new Set(workloads.map(({ workerLabels }) => labelsText(workerLabels)))].filter(Boolean);
    const labels = wanted.length === 0 ? '' : ` with the labels ${wanted.join(' or ')}`;
    return [{ kind: 'client', awaited: `a load client${labels}`, message: 'no load client was found' }];
  }
  const byLabels = new Map<string, Missing>();
  for (const { workload, message } of unplaceable(workloads, workers)) {
    const labels = labelsText(workload.workerLabels);
    if (byLabels.has(labels)) continue;
    byLabels.set(labels, { kind: 'client', awaited: `a load client with the labels ${labels}`, message });
  }
  return [...byLabels.values()];
}

function missingBalancers({ balancers }: Present): Missing[] {
  if (balancers.length > 0) return [];
  return [{ kind: 'loadbalancer', awaited: 'a load balancer', message: 'no load balancer was found' }];
}

function missingAgents({ telemetry }: ExperimentSpec, { agents }: Present): Missing[] {
  const nodes = telemetry.nodes.filter(node => !agents.some(agent => agent.name === node)).join(', ');
  if (nodes === '') return [];
  const found = agents.map(agent => agent.name).join(', ') || 'none';
  const message = `no telemetry agent observes ${nodes}; found agents of: ${found}`;
  return [{ kind: 'telemd', awaited: `a telemetry agent of ${nodes}`, message }];
}
