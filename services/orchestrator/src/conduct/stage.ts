import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replicasOf } from '@galileo/experiment';
import type { Clock } from '@galileo/service';
import type { Fleet, NamedProcess, OpenFleet } from '../fleet/fleet.ts';
import { describeExit, type Exit, type Guard, startGuard } from '../guard-client.ts';
import type { LiveExperiment } from '../live-experiment.ts';
import { withLastLines } from '../output-tail.ts';
import { placeClients } from '../placement.ts';
import { type Replica, type ReplicaPlan, startReplicas } from '../runners/process.ts';
import type { Submission } from '../submission.ts';
import { withReplica } from '../summary.ts';
import type { EventLog } from './event-log.ts';
import { type Client, closeClients, createClients } from './load.ts';
import { type Observation, observe } from './observation.ts';

/** What conducting experiments needs of its orchestrator. */
export interface StageOptions {
  readonly openFleet: OpenFleet;
  /** HOST:PORT of the telemetry agents. */
  readonly telemds: readonly string[];
  readonly token: string | undefined;
  readonly logDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The process that this code runs in. */
  readonly self: NamedProcess;
  readonly clock: Clock;
  readonly events: EventLog;
}

/** Everything of an experiment that is up and waits for its load. Disposing it ends all of it: clients, load balancers, replicas. */
export interface Stage extends AsyncDisposable {
  readonly replicas: readonly Replica[];
  readonly fleet: Fleet;
  readonly clients: readonly Client[];
  readonly observation: Observation;
}

/** Seconds that a replica gets to end in order. */
const replicaGrace = 5;

/** Starts everything. What was started is ended again if something fails. */
export async function setStage(live: LiveExperiment, options: StageOptions): Promise<Stage> {
  const logDirectory = join(options.logDirectory, live.id);
  await mkdir(logDirectory, { recursive: true });
  const parts: AsyncDisposable[] = [];
  const dispose = async () => {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) await part[Symbol.asyncDispose]();
  };
  try {
    const guard = await startGuard();
    parts.push(guard);
    guard.lost.then(error => live.stop(error));
    const deaths = watchDeaths(live, options);
    const replicas = await raiseReplicas(live, guard, logDirectory, options.environment);
    parts.push({
      async [Symbol.asyncDispose]() {
        deaths.end();
        await Promise.all(replicas.map(replica => replica.process.stop(replicaGrace)));
      },
    });
    for (const replica of replicas) deaths.follow(replica);

    live.phase('starting load balancer and load client');
    const fleet = await options.openFleet({ guard, logDirectory, signal: live.signal });
    parts.push(fleet);
    fleet.lost.then(error => live.stop(error));
    live.phase('creating clients');
    await setRoutes(fleet, live.submission);
    const clients = await placeAndCreate(fleet, live.submission);
    parts.push({ [Symbol.asyncDispose]: () => takeBack(fleet, clients, live.submission) });
    live.signal.throwIfAborted();

    live.phase('setting up telemetry');
    const processes = [...replicas.map(processOf), ...fleet.processes, options.self];
    const { telemetry } = live.submission.spec;
    const { telemds, token } = options;
    const { placed } = fleet;
    const observation = await observe({ telemds, token, placed, wanted: telemetry.nodes, period: telemetry.period, processes });
    parts.push(observation);
    live.summarise({ processes: [...fleet.processes, options.self].map(process => process.name) });
    live.signal.throwIfAborted();
    return { replicas, fleet, clients, observation, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    live.phase('ending processes');
    await dispose();
    throw error;
  }
}

function processOf(replica: Replica): NamedProcess {
  return { name: replica.plan.name, pid: replica.process.pid };
}

async function raiseReplicas(
  live: LiveExperiment,
  guard: Guard,
  logDirectory: string,
  environment: StageOptions['environment'],
): Promise<Replica[]> {
  const plans = replicaPlans(live.submission);
  const tell = (ready: number) => live.phase(`starting replicas: ${ready} of ${plans.length} ready`);
  tell(0);
  const { directory } = live.submission;
  const replicas = await startReplicas(plans, { guard, directory, logDirectory, environment, onReady: tell }, live.signal);
  for (const { plan, address } of replicas) live.summarise(withReplica(live.summary(), plan.name, { address }));
  return replicas;
}

function replicaPlans({ spec }: Submission): ReplicaPlan[] {
  return spec.services.flatMap(service => {
    const { command, port, env, ready } = service.process!;
    return replicasOf(service).map(({ name, node, zone, weight }) => ({
      name,
      service: service.name,
      node,
      zone,
      weight,
      command,
      port,
      environment: env,
      ready,
    }));
  });
}

/** Every service is reached through every load balancer alike. */
async function setRoutes(fleet: Fleet, { spec }: Submission): Promise<void> {
  const hosts = fleet.balancers.map(balancer => balancer.data);
  const weights = hosts.map(() => 1);
  const routes = spec.services.map(service => ({ service: service.name, hosts, weights }));
  await Promise.all(fleet.workers.map(worker => worker.connection.client.setRoutes({ routes })));
}

/** What stays with the members of a fleet is removed; one that can't be reached has gone with it. */
async function takeBack(fleet: Fleet, clients: readonly Client[], { spec }: Submission): Promise<void> {
  await closeClients(clients);
  const functions = spec.services.map(service => ({ function: service.name, replicas: [] }));
  await Promise.allSettled(fleet.balancers.map(({ connection }) => connection.client.setWeights({ functions })));
}

async function placeAndCreate(fleet: Fleet, { spec }: Submission): Promise<Client[]> {
  const hosts = await Promise.all(
    fleet.workers.map(async worker => ({ ...worker, labels: (await worker.connection.client.ping({})).labels })),
  );
  return createClients(placeClients(spec.workloads, hosts, fleet.placed));
}

/**
 * Watches for replicas that die before they are ended. Before the load that ends the experiment; in it it is a result:
 * a notice, a line of the report, and an event.
 */
function watchDeaths(live: LiveExperiment, { clock, events }: StageOptions) {
  let wanted = true;
  async function tell({ plan, address, process }: Replica, exit: Exit): Promise<void> {
    // What dies while the experiment is being ended is no news.
    if (!wanted || live.signal.aborted) return;
    const { start, status } = live.row();
    if (status === 'PREPARING') {
      live.stop(new Error(await withLastLines(`replica ${plan.name} ${describeExit(exit)} before the load began`, process.log)));
      return;
    }
    const into = start === null ? -1 : clock.now() - start;
    const died = `${describeExit(exit)} ${into < 0 ? 'before the load began' : `after ${into.toFixed(1)} s`}`;
    live.summarise(withReplica(live.summary(), plan.name, { died }));
    live.notice(`replica ${plan.name} ${died}`);
    events('replica_exit', { name: plan.name, address, ...exit });
  }
  return {
    follow(replica: Replica): void {
      replica.process.exited.then(exit => tell(replica, exit));
    },
    end(): void {
      wanted = false;
    },
  };
}
