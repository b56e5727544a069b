import { LoadClientDefinition } from '@galileo/proto/client';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { TelemdDefinition } from '@galileo/proto/telemd';
import { type Credentials, connect, waitForServing } from '@galileo/service';
import type { AgentMember, BalancerMember, WorkerMember } from './fleet.ts';

interface Call {
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
}

/** Seconds that a member gets to be ready, and to say who it is. */
const answerTimeout = 2;

/**
 * Connects to a service that is ready and asks it who it is.
 * @throws what a call throws, if it is not ready, does not answer or refuses the call
 */
async function meet<C extends Disposable, T>(
  address: string,
  { credentials, signal }: Call,
  open: () => C,
  ask: (connection: C, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await waitForServing(address, answerTimeout, { credentials, signal });
  const connection = open();
  const limit = AbortSignal.timeout(answerTimeout * 1000);
  try {
    return await ask(connection, AbortSignal.any([signal, limit]));
  } catch (error) {
    connection[Symbol.dispose]();
    if (limit.aborted) throw new Error(`${address} did not answer within ${answerTimeout} s`, { cause: error });
    throw error;
  }
}

export function meetWorker(address: string, call: Call): Promise<WorkerMember> {
  const open = () => connect(LoadClientDefinition, address, call);
  return meet(address, call, open, async (connection, signal) => {
    const { worker, labels } = await connection.client.ping({}, { signal });
    return { name: worker, labels, connection };
  });
}

/** `data`: HOST:PORT that it takes requests at, if it is not to be asked for. */
export function meetBalancer(address: string, data: string | undefined, call: Call): Promise<BalancerMember> {
  const open = () => connect(LoadBalancerDefinition, address, call);
  return meet(address, call, open, async (connection, signal) => {
    const { node, zone, http, weightSource } = await connection.client.getInfo({}, { signal });
    return { name: node, zone, weightSource, data: data ?? http, connection };
  });
}

export function meetAgent(address: string, call: Call): Promise<AgentMember> {
  const open = () => connect(TelemdDefinition, address, call);
  return meet(address, call, open, async (connection, signal) => {
    const { node, info } = await connection.client.getNodeInfo({}, { signal });
    return { name: node, info, connection };
  });
}
