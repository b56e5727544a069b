import type { ExperimentSpec } from '@galileo/experiment';

/** Where load clients reach a service. */
export interface ServiceRoute {
  readonly service: string;
  /** HOST:PORT of load balancers. */
  readonly hosts: readonly string[];
  /** Of each host, in the same order. */
  readonly weights: readonly number[];
}

/**
 * Routes of all services: each is reached through the load balancers of the zones that its workloads name, or through all
 * of them if there are none in those zones. They share its requests evenly. The table knows services only, so that
 * several workloads of one service share the load balancers of all their zones.
 */
export function routesPerService(
  { services, workloads }: Pick<ExperimentSpec, 'services' | 'workloads'>,
  balancers: readonly { readonly zone: string; readonly data: string }[],
): ServiceRoute[] {
  return services.map(({ name }) => {
    const zones = workloads.filter(workload => workload.service === name).map(workload => workload.zone);
    const near = balancers.filter(balancer => zones.includes(balancer.zone));
    const hosts = (near.length > 0 ? near : balancers).map(balancer => balancer.data);
    return { service: name, hosts, weights: hosts.map(() => 1) };
  });
}
