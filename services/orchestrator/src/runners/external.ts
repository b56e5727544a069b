import { setTimeout as sleep } from 'node:timers/promises';
import { probe } from './readiness.ts';
import { probeInterval, type Replica, ReplicaNotReadyError, type ReplicaPlan } from './replica.ts';

/** A replica that runs already. */
export interface ExternalPlan extends ReplicaPlan {
  /** HOST:PORT. */
  readonly address: string;
}

/**
 * Waits until each replica is ready; they are neither started nor ended.
 * @throws ReplicaNotReadyError for the first that is not ready in its time, or the signal's reason
 */
export async function meetReplicas(plans: readonly ExternalPlan[], onReady: () => void, signal: AbortSignal): Promise<Replica[]> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const meetings = plans.map(plan => meetReplica(plan, onReady, either));
  try {
    return await Promise.all(meetings);
  } catch (error) {
    // The others must not go on probing; what they then throw is this error's consequence.
    failure.abort(error);
    await Promise.allSettled(meetings);
    throw error;
  }
}

async function meetReplica(plan: ExternalPlan, onReady: () => void, signal: AbortSignal): Promise<Replica> {
  const end = performance.now() + plan.ready.timeout * 1000;
  for (;;) {
    const problem = await probe(plan.address, plan.ready.path, signal);
    signal.throwIfAborted();
    if (problem === undefined) break;
    if (performance.now() >= end) {
      const message = `replica ${plan.name} at ${plan.address} was not ready within ${plan.ready.timeout} s (${problem})`;
      throw new ReplicaNotReadyError(plan.name, message);
    }
    await sleep(probeInterval, undefined, { signal });
  }
  onReady();
  return { plan, address: plan.address, process: undefined };
}
