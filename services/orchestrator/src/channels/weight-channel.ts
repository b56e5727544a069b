import { type FunctionWeights, WeightSource } from '@galileo/proto/loadbalancer';
import type { WeightStore } from '@galileo/routing';
import { type BalancerMember, FleetError } from '../fleet/fleet.ts';
import type { ZoneWeights } from '../weights-per-zone.ts';

/** A way to give load balancers their weights. */
export interface WeightChannel {
  /** Does what is set outlive the load balancers? */
  readonly lasting: boolean;
  /** Weights of a function for the load balancers of a zone. */
  set(weights: ZoneWeights, balancers: readonly BalancerMember[]): Promise<void>;
  /** Makes the load balancers of a zone forget a function. */
  remove(key: Pick<ZoneWeights, 'zone' | 'fn'>, balancers: readonly BalancerMember[]): Promise<void>;
  /** @throws FleetError if a load balancer does not listen to it */
  check(balancers: readonly BalancerMember[]): void;
}

/** Weights in etcd, where load balancers follow the keys of their zone. */
export function etcdWeights(store: Pick<WeightStore, 'put' | 'remove'>): WeightChannel {
  return {
    lasting: true,
    set: ({ zone, fn, ips, weights }) => store.put(zone, fn, { ips, weights }),
    remove: ({ zone, fn }) => store.remove(zone, fn),
    check(balancers) {
      for (const balancer of balancers) {
        if (balancer.weightSource !== WeightSource.GRPC) continue;
        throw new FleetError(
          `${nameOf(balancer)} takes its weights over gRPC while galileo_etcd is set: ` +
            'set its eb_go_lb_etcd_host, or unset galileo_etcd of the orchestrator',
        );
      }
    },
  };
}

/** Weights straight to each load balancer. */
export const grpcWeights: WeightChannel = {
  lasting: false,
  async set({ zone, fn, ips, weights }, balancers) {
    const replicas = ips.map((address, index) => ({ address, weight: weights[index]! }));
    await tell(balancers, zone, { function: fn, replicas });
  },
  remove: ({ zone, fn }, balancers) => tell(balancers, zone, { function: fn, replicas: [] }),
  check(balancers) {
    for (const balancer of balancers) {
      if (balancer.weightSource !== WeightSource.ETCD) continue;
      throw new FleetError(
        `${nameOf(balancer)} takes its weights from etcd while galileo_etcd is unset: ` +
          'set galileo_etcd of the orchestrator, or unset its eb_go_lb_etcd_host',
      );
    }
  },
};

async function tell(balancers: readonly BalancerMember[], zone: string, weights: FunctionWeights): Promise<void> {
  const own = balancers.filter(balancer => balancer.zone === zone);
  await Promise.all(own.map(({ connection }) => connection.client.setWeights({ functions: [weights] })));
}

/** `load balancer lb-1 (zone main)` */
export function nameOf({ name, zone }: Pick<BalancerMember, 'name' | 'zone'>): string {
  return `load balancer ${name} (zone ${zone})`;
}

/** A share may differ by so much: three decimals of a weight count, and etcd holds whole numbers in its place. */
const tolerance = 1e-3;

/** Are the weights that a load balancer tells these? What counts is each replica's share. */
export function areInForce({ fn, ips, weights }: ZoneWeights, told: readonly FunctionWeights[]): boolean {
  const found = told.find(entry => entry.function === fn)?.replicas;
  if (found === undefined || found.some(replica => !ips.includes(replica.address))) return false;
  const wanted = weights.reduce((sum, weight) => sum + weight, 0);
  const total = found.reduce((sum, replica) => sum + replica.weight, 0);
  return ips.every((address, index) => {
    const weight = found.find(replica => replica.address === address)?.weight ?? 0;
    return Math.abs(share(weight, total) - share(weights[index]!, wanted)) < tolerance;
  });
}

function share(weight: number, total: number): number {
  return total === 0 ? 0 : weight / total;
}
