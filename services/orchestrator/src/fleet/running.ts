import type { Credentials } from '@galileo/service';
import { type Fleet, FleetError, type Members, type OpenFleet } from './fleet.ts';
import { missingFor } from './missing.ts';
import { paced, pacingOf } from './pacing.ts';
import { callRoll, type Roll } from './roll-call.ts';
import type { Source } from './sources.ts';

export interface RunningFleetOptions {
  readonly sources: readonly Source[];
  readonly credentials: Credentials;
  /** Seconds that what the experiment needs is waited for. */
  readonly timeout: number;
}

/** The services run already, each with its own lifetime; losing one shows when it is called. */
export function runningFleet(options: RunningFleetOptions): OpenFleet {
  return async ({ spec, phase, remark, signal }): Promise<Fleet> => {
    phase('looking for load clients, load balancers and telemetry agents');
    const roll = await callRoll({
      ...options,
      missing: members => missingFor(spec, members),
      onWait: awaited => phase(`waiting for ${awaited}`),
      onLeftOut: remark,
      signal,
    });
    try {
      checkNames(roll);
    } catch (error) {
      roll[Symbol.dispose]();
      throw error;
    }
    const { balancers, agents } = roll;
    const workers = paced(roll.workers, spec.pacing);
    for (const worker of roll.workers) {
      if (workers.includes(worker)) continue;
      remark(`load client ${worker.name} is left out: its pacing is ${pacingOf(worker)}, and the file asks for ${spec.pacing}`);
    }
    return {
      workers,
      balancers,
      agents,
      processes: [],
      placed: true,
      lost: new Promise(() => {}),
      [Symbol.asyncDispose]: async () => roll[Symbol.dispose](),
    };
  };
}

/** All services that can be found now, for an experiment or not; those that don't answer soon are left out. */
export function membersAtHand(options: Omit<RunningFleetOptions, 'timeout'>, signal: AbortSignal): Promise<Roll> {
  const sources = options.sources.map(source => ({ ...source, given: false }));
  const nothing = { missing: () => [], onWait: () => {}, onLeftOut: () => {} };
  return callRoll({ ...options, ...nothing, sources, timeout: 10, signal });
}

/** Ids of clients begin with their worker's name, and telemetry with its node's. @throws FleetError */
function checkNames({ workers, agents }: Members): void {
  const kinds = [
    { what: 'load clients', variable: 'galileo_worker_name', members: workers },
    { what: 'telemetry agents', variable: 'telemd_nodename', members: agents },
  ];
  for (const { what, variable, members } of kinds) {
    for (const [name, same] of Map.groupBy<string, { name: string; connection: { address: string } }>(
      members,
      member => member.name,
    )) {
      if (same.length === 1) continue;
      const places = same.map(member => member.connection.address).join(', ');
      throw new FleetError(`${same.length} ${what} have the name ${name} (${places}); give each a name of its own (${variable})`);
    }
  }
}
