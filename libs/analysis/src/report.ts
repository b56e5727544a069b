import type { TelemetryRow, TraceSummary } from '@galileo/expdb';
import type { Experiment, NodeUsage, ProcessUsage, ReplicaReport, Report, ServiceReport } from '@galileo/proto/orchestrator';
import type { Ledger } from '@galileo/proto/recorder';
import { type ClockEvidence, clockEvidence } from './clocks.ts';
import { createHistogram } from './histogram.ts';
import { takeNotes } from './notes.ts';
import { nowhere, type ReferenceTimeOptions, referenceTime } from './reference-time.ts';
import { type LoadKinds, measureRequests, type ServiceRequests } from './requests.ts';
import { parseThreshold } from './threshold.ts';
import { evaluateThreshold, type ServiceMeasurements } from './threshold-evaluation.ts';
import { measureUsage, type NodeFigures, type UsageFigures } from './usage.ts';
import { defaultLimits, judge, type ValidityLimits } from './verdict.ts';

/** A replica as it was started. */
export interface ReplicaInput {
  /** Name of its process, `<service>-<n>`. */
  readonly name: string;
  /** HOST:PORT. */
  readonly address: string;
  readonly node: string;
  readonly weight: number;
  /** What became of it if it died; empty otherwise. */
  readonly died: string;
}

/** All that a report is made of. Points in time are UNIX seconds, raw: by the clock of who took them. */
export interface ReportInput extends ReferenceTimeOptions, LoadKinds {
  readonly experiment: Experiment;
  /** In the file's order. */
  readonly services: readonly { readonly name: string; readonly replicas: readonly ReplicaInput[] }[];
  /** Names of Galileo's own processes, subsystems of `proc_cpu` and `proc_rss`. */
  readonly processes: readonly string[];
  /** Begin of the load, like the next two by the orchestrator's clock. */
  readonly start: number;
  /** End of the warm-up, from where on figures count. */
  readonly warmupEnd: number;
  /** End of the load. */
  readonly end: number;
  /** Undefined if the recording was never settled. */
  readonly ledger: Ledger | undefined;
  /** Requests due over the whole load. */
  readonly intended: number;
  /** Requests handed over by the pacers over the whole load. */
  readonly released: number;
  /** Over the schedules of all clients; empty if it is not known, or if there was none. */
  readonly scheduleHash: string;
  /** As written in the file. */
  readonly thresholds: readonly string[];
  /** The nodes that were observed, and so should have telemetry. */
  readonly nodeInfo: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** All traces of the experiment, in any order. */
  readonly traces: AsyncIterable<readonly TraceSummary[]>;
  /** Its telemetry in the order of time; the metrics of `reportMetrics` are enough. */
  readonly telemetry: AsyncIterable<readonly TelemetryRow[]>;
  /** Notes of others that come first. */
  readonly notes: readonly string[];
  /** Where the data lie. */
  readonly store: string;
  readonly limits?: Partial<ValidityLimits>;
}

type ServiceInput = ReportInput['services'][number];

function replicaReport(replica: ReplicaInput, requests: number, usage: UsageFigures): ReplicaReport {
  const { cpu, memory } = usage.processes.get(replica.name) ?? {};
  const measured = cpu !== undefined && memory !== undefined;
  const { name, address, node, weight, died } = replica;
  return { name, address, node, weight, died, requests, cpu: cpu ?? 0, memory: memory ?? 0, measured };
}

function serviceReport(service: ServiceInput, requests: ServiceRequests, usage: UsageFigures): ServiceReport {
  return {
    name: service.name,
    requests: requests.requests,
    errors: requests.errors,
    closedLoop: requests.closedLoop,
    latency: requests.latency.summary(),
    serviceTime: requests.serviceTime.summary(),
    replicas: service.replicas.map((replica, index) => replicaReport(replica, requests.perReplica[index]!, usage)),
    errorKinds: Object.fromEntries([...requests.errorKinds].sort(([, one], [, other]) => other - one)),
  };
}

/**
 * Sum over the replicas. One that lives and was not measured makes it unknown; one that died unmeasured adds nothing, for
 * it was gone before the span had two samples of it.
 */
function sumOverReplicas(replicas: readonly ReplicaReport[], read: (replica: ReplicaReport) => number): number | undefined {
  const measured = replicas.filter(replica => replica.measured);
  if (measured.length === 0 || replicas.some(replica => !replica.measured && replica.died === '')) return undefined;
  return measured.reduce((sum, replica) => sum + read(replica), 0);
}

function measurementsOf(report: ServiceReport, requests: ServiceRequests): ServiceMeasurements {
  return {
    name: report.name,
    requests: requests.requests,
    errors: requests.errors,
    answered: requests.answered,
    latency: requests.latency,
    serviceTime: requests.serviceTime,
    cpu: sumOverReplicas(report.replicas, replica => replica.cpu),
    memory: sumOverReplicas(report.replicas, replica => replica.memory),
  };
}

/** Nodes without a sample in the span, save for those whose samples are there and can't be told to be in it. */
function silentNodes(nodes: Iterable<string>, usage: UsageFigures, { span, telemetry }: ClockEvidence): string[] {
  if (span === undefined) return [];
  return [...nodes].filter(node => !usage.nodes.has(node) && (telemetry.get(node)?.leftOut ?? 0) === 0);
}

/** Telemd says `cpus` as decimal text. */
function coresOf(info: Readonly<Record<string, string>> | undefined): number {
  const cores = Number(info?.['cpus']);
  return Number.isInteger(cores) && cores > 0 ? cores : 0;
}

function nodeUsage(node: string, cores: number, figures: NodeFigures | undefined): NodeUsage {
  return {
    node,
    cores,
    cpu: (figures?.cpu ?? 0) * cores,
    memory: figures?.memory ?? 0,
    received: figures?.received ?? 0,
    sent: figures?.sent ?? 0,
  };
}

function processUsage(names: readonly string[], usage: UsageFigures): { processes: ProcessUsage[]; silentProcesses: string[] } {
  const processes: ProcessUsage[] = [];
  const silentProcesses: string[] = [];
  for (const name of names) {
    const { cpu, memory } = usage.processes.get(name) ?? {};
    if (cpu === undefined || memory === undefined) silentProcesses.push(name);
    else processes.push({ name, cpu, memory });
  }
  return { processes, silentProcesses };
}

/**
 * Makes the report of an experiment in one pass over its traces and one over its telemetry.
 * Figures of services, processes and nodes cover the measured span [warmupEnd, end); release error and queueing the whole load.
 * Times of different clocks are compared in the reference's, that is the recorder's.
 * @throws ThresholdError if a threshold can't be understood.
 */
export async function buildReport(input: ReportInput): Promise<Report> {
  const thresholds = input.thresholds.map(parseThreshold);
  const limits: ValidityLimits = { ...defaultLimits, ...input.limits };
  const from = Math.max(input.warmupEnd, input.start);
  const length = input.end - from;
  const times = referenceTime({ from, to: input.end }, input);
  const span = times.span ?? nowhere;
  const requests = await measureRequests(input.traces, input.services, span, times.correct, input);
  const usage = await measureUsage(input.telemetry, span, times.correct);
  const clocks = clockEvidence(times, { requests: requests.clocks, telemetry: usage.clocks });

  const services = input.services.map((service, index) => serviceReport(service, requests.services[index]!, usage));
  const { processes, silentProcesses } = processUsage(input.processes, usage);
  const nodes = [...new Set([...input.nodeInfo.keys(), ...usage.nodes.keys()])].map(node =>
    nodeUsage(node, coresOf(input.nodeInfo.get(node)), usage.nodes.get(node)),
  );
  const latency = createHistogram();
  for (const service of requests.services) latency.add(service.latency);
  const evidence = { experiment: input.experiment, ledger: input.ledger, span: length, latency: latency.summary(), clocks };

  return {
    experiment: input.experiment,
    verdict: judge(
      {
        ...evidence,
        load: input.end - input.start,
        intended: input.intended,
        released: input.released,
        traces: requests.traces,
        measured: services.reduce((sum, service) => sum + service.requests, 0),
        releaseError: requests.ownReleaseError.summary(),
        queueing: requests.ownQueueing.summary(),
        silentNodes: silentNodes(input.nodeInfo.keys(), usage, clocks),
      },
      limits,
    ),
    ledger: input.ledger,
    thresholds: thresholds.map(threshold =>
      evaluateThreshold(threshold, {
        span: length,
        services: services.map((report, index) => measurementsOf(report, requests.services[index]!)),
      }),
    ),
    services,
    processes,
    nodes,
    intended: input.intended,
    released: input.released,
    releaseError: requests.releaseError.summary(),
    queueing: requests.queueing.summary(),
    notes: [
      ...input.notes,
      ...takeNotes({
        ...evidence,
        requests,
        replicas: services.flatMap(service => service.replicas),
        silentProcesses,
        nodesWithoutCores: nodes.filter(node => node.cores === 0).map(node => node.node),
        observed: nodes.length > 0,
        limits,
      }),
    ],
    store: input.store,
    scheduleHash: input.scheduleHash,
    clocks: [...clocks.clocks],
  };
}
