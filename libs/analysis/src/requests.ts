import type { TraceSummary } from '@galileo/expdb';
import { type ClockUses, useOf } from './clocks.ts';
import { createHistogram, type Histogram } from './histogram.ts';
import type { Correct, MeasuredSpan } from './reference-time.ts';

/** What is known of a service before its requests are looked at. */
export interface ServicePlan {
  readonly name: string;
  /** HOST:PORT of each replica. */
  readonly replicas: readonly { readonly address: string }[];
}

/** Ids of the clients whose load is of a particular kind. */
export interface LoadKinds {
  /** Their workload is a closed loop: requests have no intended time. */
  readonly closedLoop: ReadonlySet<string>;
  /** Their requests wait while as many as allowed are on the way: they are late because they were meant to be. */
  readonly limited: ReadonlySet<string>;
}

/** The requests of one service that were due in the measured span. */
export interface ServiceRequests {
  readonly name: string;
  requests: number;
  errors: number;
  /** Those of `requests` that belong to closed loops: their latency counts from the time they were handed over. */
  closedLoop: number;
  /** Requests, whenever they were due, that were answered without error within the span. */
  answered: number;
  /** created -> done of those that succeeded. */
  readonly latency: Histogram;
  /** sent -> done of those that succeeded. */
  readonly serviceTime: Histogram;
  /** Failed requests per kind of error. */
  readonly errorKinds: Map<string, number>;
  /** Requests per replica, in the plan's order. */
  readonly perReplica: number[];
  /** Requests that failed before any replica answered. */
  reachedNone: number;
  /** Requests that were answered and don't tell by which replica. */
  unattributed: number;
  /** Requests answered by an address that is none of the plan's. */
  elsewhere: number;
}

/** All that one pass over the traces gives. */
export interface RequestFigures {
  readonly services: readonly ServiceRequests[];
  /** All traces read, those of the warm-up among them. */
  readonly traces: number;
  /** Traces of services that the plan does not name. */
  readonly foreign: number;
  /** Requests that were due in the warm-up. */
  readonly warmup: number;
  /** Requests of the whole load that were never sent. */
  readonly unsent: number;
  /** Requests of the whole load that had an intended time. */
  readonly scheduled: number;
  /** released - created over the whole load, of requests that had an intended time. */
  readonly releaseError: Histogram;
  /** The part of `releaseError` without workloads that let requests wait for others to end. */
  readonly ownReleaseError: Histogram;
  /** sent - released over the whole load. */
  readonly queueing: Histogram;
  /** The part of `queueing` without requests that got a new connection: how long that takes is up to the other side too. */
  readonly ownQueueing: Histogram;
  /** Per load client. */
  readonly clocks: ClockUses;
}

function emptyService(plan: ServicePlan): ServiceRequests {
  return {
    name: plan.name,
    requests: 0,
    errors: 0,
    closedLoop: 0,
    answered: 0,
    latency: createHistogram(),
    serviceTime: createHistogram(),
    errorKinds: new Map(),
    perReplica: plan.replicas.map(() => 0),
    reachedNone: 0,
    unattributed: 0,
    elsewhere: 0,
  };
}

/** Without an answer the status is -1; from 400 on HTTP itself calls it an error. */
function failed(trace: TraceSummary): boolean {
  return trace.status < 0 || trace.status >= 400;
}

function errorKind(trace: TraceSummary): string {
  return trace.error ?? (trace.status >= 400 ? `http_${trace.status}` : 'unknown');
}

function countReplica(figures: ServiceRequests, trace: TraceSummary, indices: ReadonlyMap<string, number>): void {
  // The load balancer says in X-Final-Host which replica answered; without one the client talked to `server` itself.
  const index = indices.get(trace.replica ?? trace.server ?? '');
  if (index !== undefined) figures.perReplica[index]!++;
  else if (trace.replica !== null) figures.elsewhere++;
  else if (failed(trace)) figures.reachedNone++;
  else figures.unattributed++;
}

function countMeasured(figures: ServiceRequests, trace: TraceSummary): void {
  figures.requests++;
  if (failed(trace)) {
    figures.errors++;
    const kind = errorKind(trace);
    figures.errorKinds.set(kind, (figures.errorKinds.get(kind) ?? 0) + 1);
    return;
  }
  figures.latency.record(trace.done - trace.created);
  if (trace.sent >= 0) figures.serviceTime.record(trace.done - trace.sent);
}

/** The load client whose clock a trace was made by: clients are called `<load client>:<service>:<n>`. */
function loadClientOf({ client, service }: TraceSummary): string {
  const end = client.lastIndexOf(`:${service}:`);
  return end === -1 ? client : client.slice(0, end);
}

/**
 * Reads all traces once. A request belongs to the measured span if it was due (`created`) at its begin or later: no load is
 * due after its end, and what a cancellation lets slip through is kept. One that can't be told from the begin belongs to it,
 * like one due just then. Those of the clients in `closedLoop` have no intended time. Those whose time `correct` does not know count in no figure of their service. Any order of the
 * traces will do.
 */
export async function measureRequests(
  traces: AsyncIterable<readonly TraceSummary[]>,
  plans: readonly ServicePlan[],
  span: MeasuredSpan,
  correct: Correct,
  { closedLoop, limited }: LoadKinds,
): Promise<RequestFigures> {
  const services = new Map(plans.map(plan => [plan.name, emptyService(plan)]));
  const indices = new Map(plans.map(plan => [plan.name, new Map(plan.replicas.map(({ address }, index) => [address, index]))]));
  const releaseError = createHistogram();
  const ownReleaseError = createHistogram();
  const queueing = createHistogram();
  const ownQueueing = createHistogram();
  const clocks: ClockUses = new Map();
  const totals = { traces: 0, foreign: 0, scheduled: 0, warmup: 0, unsent: 0 };

  for await (const chunk of traces) {
    for (const trace of chunk) {
      totals.traces++;
      const isScheduled = !closedLoop.has(trace.client);
      if (isScheduled) {
        totals.scheduled++;
        if (trace.released !== null) {
          releaseError.record(trace.released - trace.created);
          if (!limited.has(trace.client)) ownReleaseError.record(trace.released - trace.created);
        }
      }
      if (trace.sent < 0) totals.unsent++;
      else if (trace.released !== null) {
        queueing.record(trace.sent - trace.released);
        if (trace.connected === null) ownQueueing.record(trace.sent - trace.released);
      }
      const figures = services.get(trace.service);
      if (figures === undefined) {
        totals.foreign++;
        continue;
      }
      const loadClient = loadClientOf(trace);
      const use = useOf(clocks, loadClient);
      const correction = correct('client', loadClient, trace.created);
      if (correction === undefined) {
        use.leftOut++;
        continue;
      }
      const done = trace.done + correction.offset;
      if (!failed(trace) && done >= span.from && done < span.to) figures.answered++;
      const due = trace.created + correction.offset;
      const doubt = correction.uncertainty + span.uncertainty;
      if (due + doubt < span.from) {
        totals.warmup++;
        continue;
      }
      use.uncertainty = Math.max(use.uncertainty, correction.uncertainty);
      use.overrun = Math.max(use.overrun, due - doubt - span.to);
      if (!isScheduled) figures.closedLoop++;
      countMeasured(figures, trace);
      countReplica(figures, trace, indices.get(trace.service)!);
    }
  }
  return { ...totals, services: [...services.values()], releaseError, ownReleaseError, queueing, ownQueueing, clocks };
}
