import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExperimentSpec, type ReplicaSpec, replicasOf } from '@galileo/experiment';
import type { Clock } from '@galileo/service';
import type { Fleet, NamedProcess, OpenFleet } from '../fleet/fleet.ts';
import { describeExit, type Exit, type Guard, type GuardedProcess, startGuard } from '../guard-client.ts';
import type { LiveExperiment } from '../live-experiment.ts';
import { withLastLines } from '../output-tail.ts';
import { placeClients } from '../placement.ts';
import { checkReplicaHost } from '../replica-host.ts';
import { calledDirectly } from '../routes-per-service.ts';
import { type ExternalPlan, meetReplicas } from '../runners/external.ts';
import { type ProcessPlan, startReplicas } from '../runners/process.ts';
import type { Replica, ReplicaPlan } from '../runners/replica.ts';
import type { Submission } from '../submission.ts';
import { withReplica } from '../summary.ts';
import type { EventLog } from './event-log.ts';
import { type Client, createClients } from './load.ts';
import { type Observation, observe } from './observation.ts';
import type { Channels } from './retrieve.ts';
import { setRoutes, takeBack } from './wiring.ts';

/** What conducting experiments needs of its orchestrator. */
export interface StageOptions {
  readonly openFleet: OpenFleet;
  readonly channels: Channels;
  /** Host under which load balancers reach replicas that are started here. */
  readonly replicaHost: string;
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
  /** Takes back what stays with the fleet; disposing does it too, if it has not been done. */
  takeBack(): Promise<void>;
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
    const replicas = await raiseReplicas(live, guard, logDirectory, options);
    const started = replicas.flatMap(({ process, ...replica }) => (process === undefined ? [] : { ...replica, process }));
    parts.push({
      async [Symbol.asyncDispose]() {
        deaths.end();
        await Promise.all(started.map(replica => replica.process.stop(replicaGrace)));
      },
    });
    for (const replica of started) deaths.follow(replica);

    const { spec, directory } = live.submission;
    const { signal, phase, remark } = live;
    const fleet = await options.openFleet({ guard, directory, logDirectory, spec, phase, remark, signal });
    parts.push(fleet);
    fleet.lost.then(error => live.stop(error));
    options.channels.weights.check(fleet.balancers);
    if (started.length > 0) checkReplicaHost(options.replicaHost, callersOf(spec, fleet));
    let takenBack: Promise<void> | undefined;
    const takeBackOnce = () => (takenBack ??= takeBack(live, fleet, options.channels));
    parts.push({ [Symbol.asyncDispose]: takeBackOnce });
    await setRoutes(live, { fleet, replicas }, options.channels);
    live.phase('creating clients');
    const clients = await placeAndCreate(live, fleet);
    live.signal.throwIfAborted();

    live.phase('setting up telemetry');
    const processes = [...started.map(processOf), ...fleet.processes, options.self];
    const { nodes: wanted, period } = spec.telemetry;
    const { agents, placed } = fleet;
    const observation = await observe({ agents, placed, wanted, period, processes });
    parts.push(observation);
    live.summarise({ processes: [...fleet.processes, options.self].map(process => process.name) });
    live.signal.throwIfAborted();
    return { replicas, fleet, clients, observation, takeBack: takeBackOnce, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    live.phase('ending processes');
    await dispose();
    throw error;
  }
}

/** Who calls the replicas: load balancers, and where they can't be used load clients. */
function callersOf(spec: ExperimentSpec, { balancers, workers }: Fleet) {
  const direct = calledDirectly(spec).size > 0 ? workers : [];
  return [
    ...balancers.map(({ name, data }) => ({ name: `load balancer ${name}`, address: data })),
    ...direct.map(({ name, connection }) => ({ name: `load client ${name}`, address: connection.address })),
  ];
}

/** A replica that was started here. */
type StartedReplica = Replica & { readonly process: GuardedProcess };

function processOf({ plan, process }: StartedReplica): NamedProcess {
  return { name: plan.name, pid: process.pid, node: plan.node };
}

async function raiseReplicas(
  live: LiveExperiment,
  guard: Guard,
  logDirectory: string,
  { environment, replicaHost: host }: StageOptions,
): Promise<Replica[]> {
  const plans = replicaPlans(live.submission);
  const wanted = plans.processes.length + plans.external.length;
  let ready = 0;
  const tell = () => live.phase(`starting replicas: ${ready} of ${wanted} ready`);
  const onReady = () => {
    ready += 1;
    tell();
  };
  tell();
  const { directory } = live.submission;
  const external = await meetReplicas(plans.external, onReady, live.signal);
  const processes = await startReplicas(
    plans.processes,
    { guard, directory, logDirectory, environment, host, onReady },
    live.signal,
  );
  const order = plans.names;
  const replicas = [...external, ...processes].sort(
    (one, other) => order.indexOf(one.plan.name) - order.indexOf(other.plan.name),
  );
  for (const { plan, address } of replicas) live.summarise(withReplica(live.summary(), plan.name, { address }));
  return replicas;
}

/** The replicas of a file by how they come to be; `names` in the file's order. */
function replicaPlans({ spec }: Submission): { processes: ProcessPlan[]; external: ExternalPlan[]; names: string[] } {
  const processes: ProcessPlan[] = [];
  const external: ExternalPlan[] = [];
  const names: string[] = [];
  for (const service of spec.services) {
    const plan = ({ name, node, zone, weight }: ReplicaSpec, ready: ReplicaPlan['ready']): ReplicaPlan => ({
      name,
      service: service.name,
      node,
      zone,
      weight,
      ready,
    });
    for (const [index, replica] of replicasOf(service).entries()) {
      names.push(replica.name);
      if (service.external !== undefined) {
        external.push({ ...plan(replica, service.external.ready), address: service.external.addresses[index]! });
      } else {
        const { command, port, env: environment, ready } = service.process!;
        processes.push({ ...plan(replica, ready), command, port, environment });
      }
    }
  }
  return { processes, external, names };
}

async function placeAndCreate(live: LiveExperiment, fleet: Fleet): Promise<Client[]> {
  const { workloads, seed } = live.submission.spec;
  return await createClients(placeClients(workloads, fleet.workers, fleet.placed), seed, async created => {
    if (!fleet.placed) return;
    const clients = [...Map.groupBy(created, client => client.worker.name)].map(([worker, own]) => ({
      worker,
      ids: own.map(client => client.id),
    }));
    await live.record({ deposit: { ...live.summary().deposit, clients } });
  });
}

/**
 * Watches for replicas that die before they are ended. Before the load that ends the experiment; in it it is a result:
 * a notice, a line of the report, and an event.
 */
function watchDeaths(live: LiveExperiment, { clock, events }: StageOptions) {
  let wanted = true;
  async function tell({ plan, address, process }: StartedReplica, exit: Exit): Promise<void> {
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
    follow(replica: StartedReplica): void {
      replica.process.exited.then(exit => tell(replica, exit));
    },
    end(): void {
      wanted = false;
    },
  };
}
