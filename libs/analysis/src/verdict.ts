import { type Experiment, ExperimentStatus, type LatencySummary, type Verdict } from '@galileo/proto/orchestrator';
import { type Ledger, type LedgerEntry, RecordKind } from '@galileo/proto/recorder';
import { clockReasons } from './clock-doubts.ts';
import type { ClockEvidence } from './clocks.ts';
import { countText, numberOf, shareText, spanText } from './quantities.ts';

/** What a run has to keep to for its figures to be trusted. */
export interface ValidityLimits {
  /**
   * Least share of the intended requests that the generator has to release. Default 0.999: below it the load is not the
   * one that was asked for, and a shortfall of a thousandth moves no percentile that is reported.
   */
  readonly releasedShare: number;
  /**
   * Release errors up to this p99, seconds, are always accepted. Default 0.01: a timer of an event loop that shares its
   * machine is late by some milliseconds now and then, which is no sign of saturation.
   */
  readonly releaseError: number;
  /**
   * Above `releaseError`, the p99 of the release error may reach this share of the latency's p99. Default 0.1: latency
   * counts from the intended time, so the generator's own error is part of it, and a tenth is what one may overlook.
   */
  readonly releaseErrorShare: number;
  /**
   * Queueing inside the load client up to this p99, seconds, is always accepted. Default 0.02: a request may wait for a turn of
   * the event loop, lest a connection becomes free in it, and a turn may be as late as a release. Above it the same share of the
   * latency's p99 counts as for the release error.
   */
  readonly queueing: number;
  /**
   * Share of the measured span by which it may lie beside the times of a node's records. Default 0.01: as much of a mean over
   * the span may come from outside of it.
   */
  readonly clockShare: number;
  /** Records of each kind that may be lost. Default 0: who knows which ones they were? */
  readonly lost: number;
}

export const defaultLimits: ValidityLimits = {
  releasedShare: 0.999,
  releaseError: 0.01,
  releaseErrorShare: 0.1,
  queueing: 0.02,
  clockShare: 0.01,
  lost: 0,
};

/** What a verdict rests on. */
export interface Evidence {
  readonly experiment: Experiment;
  /** Absent if the recording was never settled. */
  readonly ledger: Ledger | undefined;
  /** Requests due, and handed over by the pacers, over the whole load. */
  readonly intended: number;
  readonly released: number;
  /** Traces that the store gave, over the whole load. */
  readonly traces: number;
  /** Requests that were due in the measured span. */
  readonly measured: number;
  /** Length of the load, seconds. */
  readonly load: number;
  /** Length of the measured span, seconds. */
  readonly span: number;
  /** Of requests with an intended time that need not wait for others to end. */
  readonly releaseError: LatencySummary;
  /** Of requests that did not get a new connection. */
  readonly queueing: LatencySummary;
  readonly latency: LatencySummary;
  /** Nodes that should have telemetry and have none in the measured span. */
  readonly silentNodes: readonly string[];
  readonly clocks: ClockEvidence;
}

/** A record of each kind in words. */
export const kindNames: Readonly<Record<RecordKind, string>> = {
  [RecordKind.UNSPECIFIED]: 'record of unknown kind',
  [RecordKind.TRACE]: 'trace',
  [RecordKind.TELEMETRY]: 'telemetry sample',
  [RecordKind.EVENT]: 'event',
};

/** The largest p99 of an error of the generator that is accepted beside this latency; seconds. */
function acceptedReleaseError(latency: LatencySummary, limits: ValidityLimits): number {
  return Math.max(limits.releaseError, limits.releaseErrorShare * latency.p99);
}

/** The largest p99 of queueing inside the load client that is accepted beside this latency; seconds. */
export function acceptedQueueing(latency: LatencySummary, limits: ValidityLimits): number {
  return Math.max(limits.queueing, limits.releaseErrorShare * latency.p99);
}

function entryReasons(entry: LedgerEntry, limits: ValidityLimits): string[] {
  const { produced, stored, rejected, lost } = entry;
  const noun = kindNames[entry.kind];
  const reasons: string[] = [];
  if (produced !== stored + rejected + lost) {
    reasons.push(
      `The ledger does not balance: of ${numberOf(produced, noun)} produced, ${countText(stored)} are stored, ` +
        `${countText(rejected)} rejected and ${countText(lost)} lost, which leaves ${countText(produced - stored - rejected - lost)} ` +
        'without an explanation (limit 0).',
    );
  }
  if (lost > limits.lost) {
    reasons.push(`Of ${numberOf(produced, noun)} produced, ${countText(lost)} were lost (limit ${countText(limits.lost)}).`);
  }
  return reasons;
}

function ledgerReasons(ledger: Ledger | undefined, traces: number, limits: ValidityLimits): string[] {
  if (ledger === undefined || ledger.entries.length === 0) {
    return ['There is no ledger, so nothing shows that the records are complete.'];
  }
  const reasons = ledger.entries.flatMap(entry => entryReasons(entry, limits));
  for (const mismatch of ledger.mismatches) reasons.push(`The ledger names a mismatch: ${mismatch}`);
  const stored = ledger.entries.find(entry => entry.kind === RecordKind.TRACE)?.stored;
  if (stored !== undefined && stored !== traces) {
    reasons.push(`The ledger counted ${numberOf(stored, 'stored trace')}, the store now holds ${countText(traces)}.`);
  }
  if (ledger.missingProducers.length > 0) {
    reasons.push(
      `${numberOf(ledger.missingProducers.length, 'producer')} gave no final figures: ${ledger.missingProducers.join(', ')}; ` +
        'what they produced is not known in full.',
    );
  } else if (!ledger.final) {
    reasons.push('The ledger is provisional: the recording was not settled.');
  }
  return reasons;
}

function generatorReasons(evidence: Evidence, limits: ValidityLimits): string[] {
  const { intended, released, releaseError, queueing, latency } = evidence;
  const reasons: string[] = [];
  if (released < limits.releasedShare * intended) {
    reasons.push(
      `The generator was saturated: it released ${countText(released)} of ${numberOf(intended, 'intended request')}, ` +
        `${shareText(released / intended)} (limit ${shareText(limits.releasedShare)}).`,
    );
  }
  const accepted = acceptedReleaseError(latency, limits);
  if (releaseError.p99 > accepted) {
    reasons.push(
      `The generator was late: the 99th percentile of its release error is ${spanText(releaseError.p99)} ` +
        `(limit ${spanText(accepted)}, the larger of ${spanText(limits.releaseError)} and ` +
        `${shareText(limits.releaseErrorShare)} of the latency's 99th percentile).`,
    );
  }
  const acceptedWait = acceptedQueueing(latency, limits);
  if (queueing.p99 > acceptedWait) {
    reasons.push(
      `Requests waited inside the load client: the 99th percentile of queueing is ${spanText(queueing.p99)} ` +
        `(limit ${spanText(acceptedWait)}, the larger of ${spanText(limits.queueing)} and ` +
        `${shareText(limits.releaseErrorShare)} of the latency's 99th percentile); its machine or its connections were the bottleneck.`,
    );
  }
  return reasons;
}

function coverageReasons(evidence: Evidence): string[] {
  const { traces, measured, load, span, silentNodes } = evidence;
  const reasons: string[] = [];
  if (traces === 0) reasons.push('There are no requests at all.');
  else if (measured === 0) reasons.push(`Of ${numberOf(traces, 'request')} none was due in the measured span.`);
  if (load <= 0) reasons.push('No load was generated.');
  else if (span <= 0) reasons.push('The load ended before the warm-up was over, so the measured span is empty.');
  else {
    for (const node of silentNodes) {
      reasons.push(`Node ${node} gave no telemetry in the ${spanText(span)} of the measured span.`);
    }
  }
  return reasons;
}

/**
 * May a run's figures be trusted? Every reason against it is a sentence with the number and its limit.
 * What the application did (errors, slow answers, a replica that died) is a result and never a reason.
 */
export function judge(evidence: Evidence, limits: ValidityLimits = defaultLimits): Verdict {
  const { experiment } = evidence;
  const reasons: string[] = [];
  if (experiment.status === ExperimentStatus.FAILED) {
    reasons.push(`The experiment failed: ${experiment.reason || 'no cause was recorded'}`);
  }
  reasons.push(...coverageReasons(evidence));
  reasons.push(...generatorReasons(evidence, limits));
  reasons.push(...clockReasons(evidence, limits.clockShare));
  reasons.push(...ledgerReasons(evidence.ledger, evidence.traces, limits));
  return { valid: reasons.length === 0, reasons };
}
