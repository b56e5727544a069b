import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { joinAddress } from '@galileo/service';
import { applicationEnvironment, resolveCommand } from '../child-environment.ts';
import { describeExit, type Exit, type Guard, type GuardedProcess } from '../guard-client.ts';
import { withLastLines } from '../output-tail.ts';
import { freePorts, portIsFree } from './ports.ts';
import { probe } from './readiness.ts';
import { probeInterval, type Replica, ReplicaNotReadyError, type ReplicaPlan } from './replica.ts';

/** What is to be started: one replica as a process of this machine. For this runner node and zone are labels only. */
export interface ProcessPlan extends ReplicaPlan {
  readonly command: readonly string[];
  readonly port: 'auto' | number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProcessRunnerOptions {
  readonly guard: Guard;
  /** Directory that commands start in. */
  readonly directory: string;
  /** Directory for the replicas' output, one file each. */
  readonly logDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Host under which the replicas are reached, an IPv6 address without brackets. */
  readonly host: string;
  /** Told when a replica is ready. */
  onReady(): void;
}

/**
 * Starts all replicas at once and waits until each is ready. On an error the started ones are left to the guard's end.
 * @throws ReplicaNotReadyError, StartError, NoFreePortError, or the signal's reason.
 */
export async function startReplicas(
  plans: readonly ProcessPlan[],
  options: ProcessRunnerOptions,
  signal: AbortSignal,
): Promise<Replica[]> {
  const free = await freePorts(plans.filter(plan => plan.port === 'auto').length);
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const { host } = options;
  const start = async (plan: ProcessPlan, port: number): Promise<Replica> => {
    // Else the one who has it would be taken for the replica.
    if (!(await portIsFree(port))) {
      throw new ReplicaNotReadyError(plan.name, `replica ${plan.name} can't have port ${port}: something listens on it already`);
    }
    const child = await options.guard.start({
      command: resolveCommand(plan.command),
      directory: options.directory,
      environment: applicationEnvironment(options.environment, { ...plan.environment, PORT: String(port) }),
      log: join(options.logDirectory, `${plan.name}.log`),
    });
    const address = joinAddress(host, port);
    await waitUntilReady(plan, address, child, either);
    options.onReady();
    return { plan, address, process: child };
  };
  const ports = plans.map(plan => (plan.port === 'auto' ? free.shift()! : plan.port));
  const starts = plans.map((plan, index) => start(plan, ports[index]!));
  try {
    return await Promise.all(starts);
  } catch (error) {
    // The others must not go on probing; what they then throw is this error's consequence.
    failure.abort(error);
    await Promise.allSettled(starts);
    throw error;
  }
}

async function waitUntilReady(plan: ReplicaPlan, address: string, child: GuardedProcess, signal: AbortSignal): Promise<void> {
  let exit: Exit | undefined;
  child.exited.then(value => {
    exit = value;
  });
  const begin = performance.now();
  const end = begin + plan.ready.timeout * 1000;
  for (;;) {
    const problem = await probe(address, plan.ready.path, signal);
    signal.throwIfAborted();
    if (exit !== undefined) throw await exitedEarly(plan, exit, (performance.now() - begin) / 1000, child);
    if (problem === undefined) return;
    if (performance.now() >= end) {
      const message = `replica ${plan.name} was not ready within ${plan.ready.timeout} s (${problem})`;
      throw new ReplicaNotReadyError(plan.name, await withLastLines(message, child.log));
    }
    await sleep(probeInterval, undefined, { signal });
  }
}

async function exitedEarly(plan: ReplicaPlan, exit: Exit, after: number, child: GuardedProcess): Promise<Error> {
  const how = exit.signal === null ? describeExit(exit) : `was ${describeExit(exit)}`;
  const message = `replica ${plan.name} ${how} after ${after.toFixed(1)} s, before it was ready`;
  return new ReplicaNotReadyError(plan.name, await withLastLines(message, child.log));
}
