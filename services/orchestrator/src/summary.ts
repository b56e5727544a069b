import { hostname } from 'node:os';
import { replicasOf, type ServiceSpec } from '@galileo/experiment';
import type { Ledger } from '@galileo/proto/recorder';
import { type Deposit, noDeposit } from './deposit.ts';
import type { Submission } from './submission.ts';

/** A replica as the report needs it. */
export interface ReplicaSummary {
  readonly name: string;
  /** HOST:PORT; empty if it never became ready. */
  readonly address: string;
  readonly node: string;
  readonly weight: number;
  /** What became of it if it died; empty otherwise. */
  readonly died: string;
}

/**
 * What the orchestrator knows of an experiment that neither the file nor the recorded rows tell, and the report needs.
 * It is kept as JSON beside the experiment, so that a report can be made at any later time. Points in time are UNIX
 * seconds, 0 if they were not reached. Nothing of `${env:NAME}` gets in.
 */
export interface Summary {
  /** Node of the orchestrator, whose clock the times are by. Undefined in summaries of older versions. */
  readonly conductor?: string;
  readonly services: readonly { readonly name: string; readonly replicas: readonly ReplicaSummary[] }[];
  /** Names of Galileo's own processes whose usage is recorded. */
  readonly processes: readonly string[];
  readonly start: number;
  readonly warmupEnd: number;
  readonly end: number;
  readonly intended: number;
  readonly released: number;
  /** Ids of the clients whose workload is a closed loop. Undefined in summaries of older versions. */
  readonly closedLoop?: readonly string[];
  /** Ids of the clients whose requests wait while as many as allowed are on the way. */
  readonly limited?: readonly string[];
  /** Over the schedules of all clients; undefined if not all came to their end. */
  readonly scheduleHash?: string;
  readonly thresholds: readonly string[];
  readonly notes: readonly string[];
  /** Null until the recording was settled. */
  readonly ledger: Ledger | null;
  readonly deposit: Deposit;
}

/** The summary of an experiment that has not begun. */
export function initialSummary({ spec, seedDrawn }: Submission): Summary {
  return {
    conductor: hostname(),
    services: spec.services.map(service => ({
      name: service.name,
      replicas: replicasOf(service).map(({ name, node, weight }) => ({ name, address: '', node, weight, died: '' })),
    })),
    processes: [],
    start: 0,
    warmupEnd: 0,
    end: 0,
    intended: 0,
    released: 0,
    thresholds: spec.thresholds,
    notes: [
      ...(seedDrawn ? [`The file has no seed; ${spec.seed} was drawn for this run.`] : []),
      ...spec.services
        .filter(isExternal)
        .map(({ name }) => `CPU and memory of ${name} are not measured here: its replicas are external.`),
    ],
    ledger: null,
    deposit: noDeposit,
  };
}

/** Do the replicas of a service run already? */
function isExternal({ external }: ServiceSpec): boolean {
  return external !== undefined;
}

/**
 * Did all services of an experiment run on the orchestrator's host? Those of a standalone do, which is an orchestrator that
 * starts load balancer and load client itself; others use what runs already, wherever that is.
 */
export function ranOnOneHost({ processes }: Summary): boolean {
  return processes.includes('standalone');
}

/** Changes one replica of a summary. */
export function withReplica(summary: Summary, name: string, patch: Partial<ReplicaSummary>): Summary {
  return {
    ...summary,
    services: summary.services.map(service => ({
      ...service,
      replicas: service.replicas.map(replica => (replica.name === name ? { ...replica, ...patch } : replica)),
    })),
  };
}

export function formatSummary(summary: Summary): string {
  return JSON.stringify(summary);
}

/** Reads what formatSummary wrote; undefined if there is none, or if it is not this program's. */
export function parseSummary(text: string | null): Summary | undefined {
  if (text === null) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Summary> | null;
    const whole = Array.isArray(value?.services) && Array.isArray(value.processes) && Array.isArray(value.thresholds);
    // Summaries of older versions have no deposit.
    return whole ? ({ deposit: noDeposit, ...value } as Summary) : undefined;
  } catch {
    return undefined;
  }
}
