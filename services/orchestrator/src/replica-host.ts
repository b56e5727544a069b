import { splitAddress } from '@galileo/service';
import { FleetError } from './fleet/fleet.ts';
import { isLoopback, isThisMachine } from './this-machine.ts';

/**
 * Checks that load balancers can reach the replicas that are started on this machine.
 * @throws FleetError that names the first load balancer that can't
 */
export function checkReplicaHost(
  replicaHost: string,
  balancers: readonly { readonly name: string; readonly data: string }[],
): void {
  if (!isLoopback(replicaHost)) return;
  const far = balancers.find(balancer => !isThisMachine(splitAddress(balancer.data).host));
  if (far === undefined) return;
  throw new FleetError(
    `load balancer ${far.name} takes requests at ${far.data}, on another machine, and can't reach replicas at ` +
      `${replicaHost} (galileo_replica_host); allowed: a host under which it reaches this machine`,
  );
}
