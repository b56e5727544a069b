import type { ExperimentStore } from '@galileo/expdb';
import type { Producer } from '@galileo/reconcile';
import { type Ending, endingOf } from '../ending.ts';
import type { LiveExperiment } from '../live-experiment.ts';
import { abortedWithin, untilAborted } from './abort.ts';
import { type RunningLoad, startLoad } from './load.ts';
import { openRecording, type Recording } from './recording.ts';
import { type Stage, type StageOptions, setStage } from './stage.ts';

export interface ConductOptions extends StageOptions {
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  readonly store: Pick<ExperimentStore, 'nodeInfo'>;
  /** The orchestrator's own producer, whose events belong to the recording. */
  readonly producer: Pick<Producer, 'ready'>;
  /** Resolves when recordings that an earlier orchestrator left open are closed: they would record this load too. */
  readonly leftovers: Promise<void>;
}

/** Seconds that the recorder may take to be reached. */
const recorderTimeout = 10;
/** Seconds for requests in flight beyond their own time-out; and all that they get when the experiment ends early. */
const drainAllowance = 5;
const earlyDrain = 3;
/** Seconds that the news of a process's death may take. */
const newsDelay = 0.5;
/** Seconds for the ledger; less when the experiment ends early. */
const settleTimeout = 30;
const earlySettleTimeout = 4;

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
    await reachRecorder(live, options);
    await using stage = await setStage(live, options);
    live.phase('opening the recording');
    const recording = await open(live, stage, options);
    try {
      await generate(live, stage, options, blame);
    } catch (error) {
      blame(error);
    }
    options.events('experiment/end', live.id);
    await settle(live, recording, ending.state === 'FINISHED').catch(blame);
    live.phase('ending processes');
  } catch (error) {
    blame(error);
  }
  if (live.signal.aborted) blame(live.signal.reason);
  await live.finish(ending, options.clock.now());
}

async function reachRecorder(live: LiveExperiment, options: ConductOptions): Promise<void> {
  live.phase('reaching the recorder');
  const limit = AbortSignal.timeout(recorderTimeout * 1000);
  try {
    await options.producer.ready(AbortSignal.any([live.signal, limit]));
  } catch (error) {
    if (!limit.aborted) throw error;
    throw new Error(`the recorder at ${options.recorder} was not reached within ${recorderTimeout} s`, { cause: error });
  }
  live.phase('closing recordings that were left open');
  await untilAborted(options.leftovers, live.signal);
}

async function open(live: LiveExperiment, stage: Stage, options: ConductOptions): Promise<Recording> {
  const { recorder, token, store, events } = options;
  const { spec } = live.submission;
  for (const [node, info] of stage.observation.nodes) await store.nodeInfo.write(live.id, node, info);
  const recording = await openRecording({
    recorder,
    token,
    experimentId: live.id,
    services: spec.services.map(service => service.name),
    clients: stage.clients.map(client => client.id),
    nodes: [...stage.observation.nodes.keys()],
  });
  events('experiment/start', live.id);
  for (const { plan, address, process } of stage.replicas) {
    const { name, node, zone } = plan;
    events('replica_start', { name, address, node, zone, pid: process.pid });
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
  const { clock } = options;
  live.signal.throwIfAborted();
  await setWeights(stage, options);
  const load = await startLoad({ spec, clients: stage.clients, clock, onFigures: live.figures });
  const { startAt } = load;
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

/** Gives the load balancers the replicas with their weights, and publishes what Galileo's load balancer would. */
async function setWeights(stage: Stage, { clock, events }: ConductOptions): Promise<void> {
  const services = new Map<string, { address: string; weight: number; zone: string }[]>();
  for (const { plan, address } of stage.replicas) {
    const replicas = services.get(plan.service) ?? [];
    services.set(plan.service, [...replicas, { address, weight: plan.weight, zone: plan.zone }]);
  }
  const functions = [...services].map(([name, replicas]) => ({ function: name, replicas }));
  await Promise.all(stage.fleet.balancers.map(({ connection }) => connection.client.setWeights({ functions })));
  for (const [fn, replicas] of services) {
    for (const [zone, members] of Map.groupBy(replicas, replica => replica.zone)) {
      const weights = { ips: members.map(member => member.address), weights: members.map(member => member.weight) };
      events('weight_update', { ts: clock.now(), fn, zone, weights });
    }
  }
}

async function drain(live: LiveExperiment, load: RunningLoad, early: boolean): Promise<void> {
  const { workloads } = live.submission.spec;
  const longest = Math.max(...workloads.map(workload => workload.request.timeout));
  if (early) await load.stop();
  // The end was asked for already; its signal says nothing new.
  const signal = early ? new AbortController().signal : live.signal;
  const { totals, givenUp, lost } = await load.drain(early ? earlyDrain : longest + drainAllowance, signal);
  live.summarise(totals);
  if (givenUp > 0) live.notice(`${givenUp} requests were not answered in time and were given up`);
  if (lost !== undefined) throw lost;
}

async function settle(live: LiveExperiment, recording: Recording, inFull: boolean): Promise<void> {
  if (live.row().status === 'FINALIZING') live.phase('settling the ledger');
  else await live.advance('FINALIZING', 'settling the ledger');
  const ledger = await recording.settle(inFull ? settleTimeout : earlySettleTimeout);
  live.summarise({ ledger });
}
