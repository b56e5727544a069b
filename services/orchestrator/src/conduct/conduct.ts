import type { ExperimentStore } from '@galileo/expdb';
import type { WorkloadSpec } from '@galileo/experiment';
import type { Credentials } from '@galileo/service';
import type { Dependency } from '../dependency.ts';
import { type Ending, endingOf } from '../ending.ts';
import type { LiveExperiment } from '../live-experiment.ts';
import { abortedWithin, untilAborted } from './abort.ts';
import { type LoadOptions, type RunningLoad, startLoad } from './load.ts';
import { openRecording, type Recording } from './recording.ts';
import { type Stage, type StageOptions, setStage } from './stage.ts';
import { setWeights } from './wiring.ts';

export interface ConductOptions extends StageOptions {
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  readonly credentials: Credentials;
  readonly store: Pick<ExperimentStore, 'nodeInfo'>;
  /** The recorder's connection to the orchestrator's own producer, whose events belong to the recording. */
  readonly recorderLink: Dependency;
  /** How the orchestrator's clock relates to the recorder's now, if that is known. */
  readonly clockEstimate: LoadOptions['clockEstimate'];
  /** What else has to be reached: Redis, etcd. */
  readonly dependencies: readonly Dependency[];
  /** Seconds that they may take to be reached. */
  readonly timeout: number;
  /**
   * Resolves when what earlier experiments have left is taken back, as far as it can be: their load would disturb this one,
   * and their recordings would record this load too.
   */
  clearUp(signal: AbortSignal): Promise<void>;
}

/** Seconds for requests in flight beyond their own time-out; and all that they get when the experiment ends early. */
const drainAllowance = 5;
const earlyDrain = 2;
/** Seconds that an app's requests may take, unless the app says so itself. */
const appTimeout = 60;
/** Seconds that the news of a process's death may take. */
const newsDelay = 0.5;
/** Seconds for the ledger; less when the experiment ends early. */
const settleTimeout = 30;
const earlySettleTimeout = 3;
const earlySettleAllowance = 1;

/**
 * Carries an experiment out, from PREPARING to its final state. Never throws: whatever goes wrong first is the reason.
 * What was recorded by then is kept and settled.
 */
export async function conduct(live: LiveExperiment, options: ConductOptions): Promise<void> {
  let ending: Ending = { state: 'FINISHED', reason: null };
  const blame = (error: unknown) => {
    // Whoever asked for the end is the cause of what breaks on the way there.
    if (ending.state === 'FINISHED') ending = endingOf(live.signal.aborted ? live.signal.reason : error);
  };
  try {
    await live.advance('PREPARING');
    await reachDependencies(live, options);
    await using stage = await setStage(live, options);
    live.phase('opening the recording');
    const recording = await open(live, stage, options);
    using _losses = watchLosses(live, options);
    try {
      await generate(live, stage, options, blame);
    } catch (error) {
      blame(error);
    }
    options.events('experiment/end', live.id);
    const takenBack = stage.takeBack();
    await settle(live, recording, options, ending.state === 'FINISHED').catch(blame);
    live.phase('taking back weights and routes');
    await takenBack;
    live.phase('ending processes');
  } catch (error) {
    blame(error);
  }
  if (live.signal.aborted) blame(live.signal.reason);
  await live.finish(ending, options.clock.now());
}

async function reachDependencies(live: LiveExperiment, options: ConductOptions): Promise<void> {
  const { dependencies, recorderLink, timeout } = options;
  const limit = AbortSignal.timeout(timeout * 1000);
  for (const dependency of [...dependencies, recorderLink]) {
    live.phase(`${dependency.connected ? 'reaching' : 'waiting for'} ${dependency.name}`);
    try {
      await dependency.ready(AbortSignal.any([live.signal, limit]));
    } catch (error) {
      if (live.signal.aborted || !limit.aborted) throw error;
      throw new Error(`${dependency.name} was not reached within ${timeout} s`, { cause: error });
    }
  }
  live.phase('taking back what earlier experiments have left');
  await options.clearUp(live.signal);
}

/** Tells of dependencies that are lost and come back from now on: the experiment goes on without them as far as it can. */
function watchLosses(live: LiveExperiment, { dependencies, recorderLink, clock }: ConductOptions): Disposable {
  const watches = [...dependencies, recorderLink].map(({ name, watch }) => {
    let lost: number | undefined;
    return watch(connected => {
      const away = lost === undefined ? '' : ` after ${(clock.now() - lost).toFixed(1)} s`;
      lost = connected ? undefined : clock.now();
      live.remark(connected ? `${name} was back${away}` : `${name} was lost in the run`);
    });
  });
  return {
    [Symbol.dispose]() {
      for (const watch of watches) watch[Symbol.dispose]();
    },
  };
}

async function open(live: LiveExperiment, stage: Stage, options: ConductOptions): Promise<Recording> {
  const { recorder, credentials, store, events } = options;
  const { spec } = live.submission;
  for (const [node, info] of stage.observation.nodes) await store.nodeInfo.write(live.id, node, info);
  const recording = await openRecording({
    recorder,
    credentials,
    experimentId: live.id,
    services: spec.services.map(service => service.name),
    clients: stage.clients.map(client => client.id),
    nodes: [...stage.observation.nodes.keys()],
  });
  events('experiment/start', live.id);
  for (const { plan, address, process } of stage.replicas) {
    const { name, node, zone } = plan;
    events('replica_start', { name, address, node, zone, pid: process?.pid ?? null });
  }
  return recording;
}

/** Sets the weights and generates the load until nothing is in flight, or until the experiment is to end. */
async function generate(
  live: LiveExperiment,
  stage: Stage,
  options: ConductOptions,
  blame: (error: unknown) => void,
): Promise<void> {
  const { spec } = live.submission;
  const { clock, clockEstimate } = options;
  live.signal.throwIfAborted();
  await setWeights(live, stage, options.channels, options);
  const load = await startLoad({ spec, clients: stage.clients, clock, clockEstimate, onFigures: live.figures });
  const { startAt, byOwnClock } = load;
  const idsWhere = (holds: (workload: WorkloadSpec) => boolean) =>
    stage.clients.filter(({ workload }) => holds(workload)).map(({ id }) => id);
  live.summarise({
    closedLoop: idsWhere(({ arrival }) => arrival.kind === 'loop'),
    limited: idsWhere(({ limit }) => limit?.whenFull === 'queue'),
  });
  // What runs on one machine shares its clock.
  if (stage.fleet.placed && byOwnClock.length > 0) {
    live.remark(`The load of ${byOwnClock.join(', ')} began by its own clock: how that relates to the recorder's was not known.`);
  }
  live.summarise({ start: startAt, warmupEnd: startAt + spec.warmup, end: startAt + spec.duration });
  await live.advance('RUNNING', 'generating load', { start: startAt, loadEnd: startAt + spec.duration });
  let early = false;
  try {
    await untilAborted(load.over, live.signal);
  } catch (error) {
    early = true;
    // A call that breaks because a process has died comes a moment before the news of the death, which says more.
    await abortedWithin(live.signal, newsDelay);
    blame(error);
  }
  live.summarise({ end: Math.min(clock.now(), startAt + spec.duration) });
  await live.advance('FINALIZING', 'waiting for requests in flight');
  await drain(live, load, early);
}

async function drain(live: LiveExperiment, load: RunningLoad, early: boolean): Promise<void> {
  const { workloads } = live.submission.spec;
  const longest = Math.max(...workloads.map(({ request }) => request?.timeout ?? appTimeout));
  const stopped = early ? load.stop() : undefined;
  // The end was asked for already; its signal says nothing new.
  const signal = early ? new AbortController().signal : live.signal;
  const { totals, givenUp, lost, scheduleHash } = await load.drain(early ? earlyDrain : longest + drainAllowance, signal);
  await stopped;
  live.summarise({ ...totals, ...(scheduleHash !== undefined && { scheduleHash }) });
  if (givenUp > 0) live.notice(`${givenUp} requests were not answered in time and were given up`);
  if (lost !== undefined) throw lost;
}

async function settle(live: LiveExperiment, recording: Recording, options: ConductOptions, inFull: boolean): Promise<void> {
  if (live.row().status === 'FINALIZING') live.phase('settling the ledger');
  else await live.advance('FINALIZING', 'settling the ledger');
  const { recorderLink } = options;
  if (!recorderLink.connected) {
    live.phase(`waiting for ${recorderLink.name}`);
    // Whoever has asked for the end by now is not kept waiting; and if it does not come back, the call below says so.
    const limit = AbortSignal.timeout((inFull ? settleTimeout : earlySettleTimeout / 2) * 1000);
    await recorderLink.ready(inFull ? AbortSignal.any([limit, live.signal]) : limit).catch(() => {});
    live.phase('settling the ledger');
  }
  const ledger = await (inFull ? recording.settle(settleTimeout) : recording.settle(earlySettleTimeout, earlySettleAllowance));
  live.summarise({ ledger });
}
