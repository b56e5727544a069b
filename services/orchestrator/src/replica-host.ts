import { splitAddress } from '@galileo/service';
import { FleetError } from './fleet/fleet.ts';
import { isLoopback, isThisMachine } from './this-machine.ts';

/**
 * Checks that those who call them can reach the replicas that are started on this machine.
 * @throws FleetError that names the first caller that can't
 */
export function checkReplicaHost(
  replicaHost: string,
  callers: readonly { readonly name: string; readonly address: string }[],
): void {
  if (!isLoopback(replicaHost)) return;
  const far = callers.find(caller => !isThisMachine(splitAddress(caller.address).host));
  if (far === undefined) return;
  throw new FleetError(
    `${far.name} is at ${far.address}, on another machine, and can't reach replicas at ` +
      `${replicaHost} (galileo_replica_host); allowed: a host under which it reaches this machine`,
  );
}
