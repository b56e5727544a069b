import { persist } from '../channels/persistence.ts';
import type { RouteChannel } from '../channels/route-channel.ts';
import type { WeightChannel } from '../channels/weight-channel.ts';
import type { Deposit } from '../deposit.ts';
import type { Members } from '../fleet/fleet.ts';

/** How weights and routes reach who needs them. */
export interface Channels {
  readonly weights: WeightChannel;
  readonly routes: RouteChannel;
}

/** What became of a deposit. */
interface Retrieval {
  /** What could not be taken back. */
  readonly left: Deposit;
  /** Why, a sentence each. */
  readonly troubles: readonly string[];
}

/** Seconds that a member which is called gets to answer. */
const callTimeout = 2;

/**
 * Takes back what was put into services: clients are closed, weights and routes removed. What lies in Redis or etcd is
 * tried for `seconds`, a member that is called once. Never throws.
 */
export async function retrieve(
  deposit: Deposit,
  members: Pick<Members, 'workers' | 'balancers'>,
  channels: Channels,
  seconds: number,
): Promise<Retrieval> {
  const troubles: string[] = [];
  /** The entries whose removal fails. */
  async function failing<T>(entries: readonly T[], remove: (entry: T) => Promise<void>): Promise<T[]> {
    const outcomes = await Promise.allSettled(entries.map(remove));
    return entries.filter((_, index) => {
      const outcome = outcomes[index]!;
      if (outcome.status === 'rejected') troubles.push((outcome.reason as Error).message);
      return outcome.status === 'rejected';
    });
  }

  const { weights, routes } = channels;
  const [clients, fns, services] = await Promise.all([
    failing(deposit.clients, entry => closeAt(entry, members)),
    failing(deposit.weights, key =>
      persist(`removing the weights of ${key.fn} in zone ${key.zone}`, weights.lasting ? seconds : callTimeout, () =>
        weights.remove(key, members.balancers),
      ),
    ),
    failing(deposit.routes, service => persist(`removing the route of ${service}`, seconds, () => routes.remove(service))),
  ]);
  return { left: { clients, weights: fns, routes: services }, troubles };
}

async function closeAt({ worker, ids }: Deposit['clients'][number], { workers }: Pick<Members, 'workers'>): Promise<void> {
  const what = `${ids.length} clients of load client ${worker} could not be closed`;
  const member = workers.find(candidate => candidate.name === worker);
  if (member === undefined) throw new Error(`${what}: it was not found`);
  const signal = AbortSignal.timeout(callTimeout * 1000);
  await member.connection.client.closeClients({ clientIds: [...ids] }, { signal }).catch((error: Error) => {
    throw new Error(`${what}: ${signal.aborted ? `it did not answer within ${callTimeout} s` : error.message}`, { cause: error });
  });
}
