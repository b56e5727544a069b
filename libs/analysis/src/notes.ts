import { type Experiment, ExperimentStatus, type LatencySummary } from '@galileo/proto/orchestrator';
import type { Ledger } from '@galileo/proto/recorder';
import { clockNotes } from './clock-doubts.ts';
import type { ClockEvidence } from './clocks.ts';
import { countText, numberOf, spanText } from './quantities.ts';
import type { RequestFigures, ServiceRequests } from './requests.ts';
import { acceptedQueueing, kindNames, type ValidityLimits } from './verdict.ts';

/** What notes are made of. */
export interface NoteEvidence {
  readonly experiment: Experiment;
  readonly ledger: Ledger | undefined;
  /** Length of the measured span, seconds. */
  readonly span: number;
  readonly requests: RequestFigures;
  readonly latency: LatencySummary;
  readonly replicas: readonly { readonly name: string; readonly died: string; readonly measured: boolean }[];
  /** Processes of Galileo without a sample. */
  readonly silentProcesses: readonly string[];
  /** Nodes whose number of cores is unknown. */
  readonly nodesWithoutCores: readonly string[];
  /** Were there any nodes to observe? */
  readonly observed: boolean;
  readonly clocks: ClockEvidence;
  readonly limits: ValidityLimits;
}

function serviceNotes(service: ServiceRequests): string[] {
  const notes: string[] = [];
  if (service.reachedNone > 0) {
    notes.push(`${numberOf(service.reachedNone, 'request')} to ${service.name} reached no replica (counted as errors).`);
  }
  if (service.unattributed > 0) {
    notes.push(`${numberOf(service.unattributed, 'answer')} of ${service.name} did not tell the replica (no X-Final-Host).`);
  }
  if (service.elsewhere > 0) {
    notes.push(`${numberOf(service.elsewhere, 'answer')} of ${service.name} came from addresses that are none of its replicas.`);
  }
  return notes;
}

function generatorNotes({ requests, latency, limits }: NoteEvidence): string[] {
  const notes: string[] = [];
  const { queueing, ownQueueing, releaseError, scheduled } = requests;
  const accepted = acceptedQueueing(latency, limits);
  // What they waited for inside of the client is a matter of the verdict.
  if (queueing.quantile(0.99) > accepted && ownQueueing.quantile(0.99) <= accepted) {
    notes.push(
      `Requests waited for new connections before they were sent, 99th percentile ${spanText(queueing.quantile(0.99))} ` +
        `(more than ${spanText(accepted)}). The latency holds this wait, the service time does not.`,
    );
  }
  if (requests.releaseError.count > requests.ownReleaseError.count) {
    notes.push('Requests of workloads with max_in_flight wait for others to end, so their release error is not judged.');
  }
  if (requests.unsent > 0) notes.push(`${numberOf(requests.unsent, 'request')} could not be sent (counted as errors).`);
  if (scheduled > 0 && releaseError.count === 0) {
    notes.push('No trace tells when its request was released, so the error of the generator is unknown.');
  }
  return notes;
}

function usageNotes({ span, replicas, silentProcesses, nodesWithoutCores, observed }: NoteEvidence): string[] {
  const notes: string[] = [];
  for (const replica of replicas) {
    if (replica.died !== '') notes.push(`Replica ${replica.name} died: ${replica.died}`);
  }
  // What follows would only repeat that nothing was measured at all.
  if (span <= 0) return notes;
  for (const replica of replicas) {
    if (!replica.measured && replica.died === '') notes.push(`CPU and memory of replica ${replica.name} were not measured.`);
  }
  for (const name of silentProcesses) notes.push(`CPU and memory of ${name} were not measured.`);
  for (const node of nodesWithoutCores) notes.push(`Node ${node} does not tell its number of cores, so its CPU is not given.`);
  if (!observed) notes.push('No node was observed, so there are no figures of CPU, memory and network.');
  return notes;
}

function ledgerNotes(ledger: Ledger | undefined): string[] {
  return (ledger?.entries ?? []).flatMap(({ kind, rejected, unverified }) => {
    const notes: string[] = [];
    if (rejected > 0)
      notes.push(`${numberOf(rejected, kindNames[kind])} could not be stored; the table of dead letters tells why.`);
    if (unverified > 0) {
      notes.push(
        `${numberOf(unverified, kindNames[kind])} came from producers that don't state what they produce: ` +
          'nobody can tell whether there were more.',
      );
    }
    return notes;
  });
}

/** Things that a reader should know and that don't make the run invalid. */
export function takeNotes(evidence: NoteEvidence): string[] {
  const { experiment, requests, span } = evidence;
  const notes: string[] = [];
  if (experiment.status === ExperimentStatus.CANCELLED) {
    const cause = experiment.reason === '' ? '' : ` (${experiment.reason})`;
    notes.push(`The experiment was cancelled${cause}; its figures cover ${spanText(Math.max(0, span))}.`);
  }
  notes.push(...requests.services.flatMap(serviceNotes));
  if (requests.foreign > 0) {
    notes.push(`${numberOf(requests.foreign, 'request')} went to services that the file does not name (left out).`);
  }
  const clamped = requests.services.reduce((sum, service) => sum + service.latency.clamped, 0);
  if (clamped > 0)
    notes.push(
      `${clamped === 1 ? '1 latency' : `${countText(clamped)} latencies`} above an hour ${clamped === 1 ? 'counts' : 'count'} as an hour.`,
    );
  notes.push(
    ...generatorNotes(evidence),
    ...usageNotes(evidence),
    ...clockNotes(evidence, evidence.limits.clockShare),
    ...ledgerNotes(evidence.ledger),
  );
  return notes;
}
