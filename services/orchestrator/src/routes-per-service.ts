import type { ExperimentSpec } from '@galileo/experiment';
import type { Replica } from './runners/replica.ts';

/** Where load clients reach a service. */
export interface ServiceRoute {
  readonly service: string;
  /** HOST:PORT of load balancers, or of replicas. */
  readonly hosts: readonly string[];
  /** Of each host, in the same order. */
  readonly weights: readonly number[];
}

type Spec = Pick<ExperimentSpec, 'services' | 'workloads'>;

/** Names of the services that are called by gRPC, which load balancers do not speak: clients call their replicas themselves. */
export function calledDirectly({ workloads }: Pick<Spec, 'workloads'>): ReadonlySet<string> {
  return new Set(workloads.filter(({ request }) => request !== undefined && 'protocol' in request).map(({ service }) => service));
}

/**
 * Routes of all services: each is reached through the load balancers of the zones that its workloads name, or through all
 * of them if there are none in those zones. They share its requests evenly. Where load balancers can't be used, the replicas
 * stand in their place, with their weights. The table knows services only, so that several workloads of one service share the
 * hosts of all their zones.
 */
export function routesPerService(
  spec: Spec,
  balancers: readonly { readonly zone: string; readonly data: string }[],
  replicas: readonly Pick<Replica, 'plan' | 'address'>[],
): ServiceRoute[] {
  const direct = calledDirectly(spec);
  const shared = balancers.map(({ zone, data }) => ({ zone, address: data, weight: 1 }));
  return spec.services.map(({ name }) => {
    const zones = spec.workloads.filter(workload => workload.service === name).map(workload => workload.zone);
    const own = replicas.filter(({ plan }) => plan.service === name && plan.weight > 0);
    const all = direct.has(name) ? own.map(({ plan, address }) => ({ zone: plan.zone, address, weight: plan.weight })) : shared;
    const near = all.filter(({ zone }) => zones.includes(zone));
    const chosen = near.length > 0 ? near : all;
    return { service: name, hosts: chosen.map(({ address }) => address), weights: chosen.map(({ weight }) => weight) };
  });
}
