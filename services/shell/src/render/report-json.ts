import type { Experiment, LatencySummary, ReplicaReport, Report, ServiceReport } from '@galileo/proto/orchestrator';
import { statusName } from '@galileo/sdk';
import { ledgerJson } from './ledger-json.ts';

// The JSON output: seconds, bytes and cores; null where nothing was measured, never NaN.

const number = (value: number) => (Number.isFinite(value) ? value : null);
const time = (seconds: number) => (seconds === 0 ? null : number(seconds));

/** What `experiments ls --json` has of each experiment, and `run --json` of the one that ran. */
export function experimentJson({ id, name, status, start, end }: Experiment) {
  return { id, name, status: statusName(status), start: time(start), end: time(end) };
}

function latencyJson(summary: LatencySummary | undefined) {
  if (summary === undefined || summary.count === 0) return { p50: null, p90: null, p99: null, max: null, mean: null };
  const { p50, p90, p99, max, mean } = summary;
  return { p50: number(p50), p90: number(p90), p99: number(p99), max: number(max), mean: number(mean) };
}

function replicaJson({ address, node, weight, requests, cpu, memory, name, died, measured }: ReplicaReport) {
  return {
    address,
    node,
    weight,
    requests,
    cpu: measured ? number(cpu) : null,
    memory: measured ? number(memory) : null,
    name,
    died: died === '' ? null : died,
  };
}

function serviceJson(service: ServiceReport) {
  return {
    requests: service.requests,
    closed_loop: service.closedLoop,
    errors: service.errors,
    latency: latencyJson(service.latency),
    service_time: latencyJson(service.serviceTime),
    replicas: service.replicas.map(replicaJson),
    error_kinds: service.errorKinds,
  };
}

/** The report as the object that `run --json` and `report --json` print. */
export function reportJson(report: Report) {
  return {
    experiment: report.experiment === undefined ? null : experimentJson(report.experiment),
    reason: report.experiment?.reason || null,
    verdict: { valid: report.verdict?.valid ?? false, reasons: report.verdict?.reasons ?? [] },
    ...ledgerJson(report.ledger),
    thresholds: report.thresholds.map(({ expression, value, passed, measured }) => ({
      expression,
      value: measured ? number(value) : null,
      passed,
    })),
    services: Object.fromEntries(report.services.map(service => [service.name, serviceJson(service)])),
    processes: report.processes.map(({ name, cpu, memory }) => ({ name, cpu: number(cpu), memory: number(memory) })),
    nodes: report.nodes.map(({ node, cpu, cores, memory, received, sent }) => ({
      node,
      cpu: number(cpu),
      cores,
      memory: number(memory),
      received: number(received),
      sent: number(sent),
    })),
    generator: {
      intended: report.intended,
      released: report.released,
      release_error: latencyJson(report.releaseError),
      queueing: latencyJson(report.queueing),
    },
    clocks: report.clocks.map(({ service, node, offset, uncertainty, segments }) => ({
      service,
      node,
      offset: number(offset),
      uncertainty: number(uncertainty),
      segments,
    })),
    schedule_hash: report.scheduleHash || null,
    notes: report.notes,
    store: report.store === '' ? null : report.store,
  };
}

/** The same object for an experiment of which there is no report. */
export function failureJson(experiment: Experiment, reason: string) {
  const empty: Report = {
    experiment: { ...experiment, reason },
    verdict: { valid: false, reasons: [reason] },
    ledger: undefined,
    thresholds: [],
    services: [],
    processes: [],
    nodes: [],
    intended: 0,
    released: 0,
    releaseError: undefined,
    queueing: undefined,
    notes: [],
    store: '',
    clocks: [],
    scheduleHash: '',
  };
  return reportJson(empty);
}
