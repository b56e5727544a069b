import { LoadClientDefinition } from '@galileo/proto/client';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { connect, waitForServing } from '@galileo/service';
import type { Fleet, OpenFleet } from './fleet.ts';

export interface StaticFleetOptions {
  /** HOST:PORT of the gRPC servers. */
  readonly clients: readonly string[];
  readonly loadBalancers: readonly string[];
  /** HOST:PORT that the load balancers take requests at, in the same order. */
  readonly data: readonly string[];
  readonly token: string | undefined;
}

/** Seconds that a service of the fleet may take to answer. */
const answerTimeout = 5;

/** The services are there already, at given addresses; losing one shows when it is called. */
export function staticFleet(options: StaticFleetOptions): OpenFleet {
  return async ({ signal }): Promise<Fleet> => {
    const members = [...options.clients, ...options.loadBalancers];
    await Promise.all(members.map(address => waitForServing(address, answerTimeout, signal)));
    const { token } = options;
    const workers = options.clients.map(address => ({
      name: address,
      connection: connect(LoadClientDefinition, address, { token }),
    }));
    const balancers = options.loadBalancers.map((address, index) => ({
      name: address,
      connection: connect(LoadBalancerDefinition, address, { token }),
      data: options.data[index]!,
    }));
    return {
      workers,
      balancers,
      processes: [],
      placed: true,
      lost: new Promise(() => {}),
      async [Symbol.asyncDispose]() {
        for (const member of [...workers, ...balancers]) member.connection[Symbol.dispose]();
      },
    };
  };
}
