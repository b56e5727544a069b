import { buildReport, reportMetrics } from '@galileo/analysis';
import type { ExperimentStore, Experiment as StoredExperiment } from '@galileo/expdb';
import type { Experiment, Report } from '@galileo/proto/orchestrator';
import { type Ledger, RecorderDefinition } from '@galileo/proto/recorder';
import { type Credentials, connect } from '@galileo/service';
import { noDeposit } from './deposit.ts';
import { parseSummary, ranOnOneHost, type Summary } from './summary.ts';

export interface ReportOptions {
  readonly store: ExperimentStore;
  readonly recorder: string;
  readonly credentials: Credentials;
}

const unknown: Summary = {
  services: [],
  processes: [],
  start: 0,
  warmupEnd: 0,
  end: 0,
  intended: 0,
  released: 0,
  thresholds: [],
  notes: [],
  ledger: null,
  deposit: noDeposit,
};

/** Makes the report of an experiment that has ended, from what is stored. */
export async function reportOf(stored: StoredExperiment, experiment: Experiment, options: ReportOptions): Promise<Report> {
  const { store } = options;
  const summary = parseSummary(stored.summary);
  const known = summary ?? unknown;
  const notes =
    summary === undefined ? ['This experiment was not run by an orchestrator: its services are not known.'] : known.notes;
  const report = await buildReport({
    experiment,
    services: known.services,
    processes: known.processes,
    start: known.start,
    warmupEnd: known.warmupEnd,
    end: known.end,
    ledger: known.ledger ?? (await recorderLedger(stored.id, options)),
    intended: known.intended,
    released: known.released,
    closedLoop: new Set(known.closedLoop),
    limited: new Set(known.limited),
    scheduleHash: known.scheduleHash ?? '',
    thresholds: known.thresholds,
    nodeInfo: await store.nodeInfo.read(stored.id),
    traces: store.traces(stored.id),
    telemetry: store.telemetry(stored.id, { metrics: reportMetrics }),
    clockOffsets: await store.clockOffsets(stored.id),
    conductor: known.conductor,
    oneHost: ranOnOneHost(known),
    notes,
    store: store.path,
  });
  return stored.status === 'CANCELLED' ? invalidated(report, stored.reason) : report;
}

/** A run that was ended early is not the run that the file describes. */
function invalidated(report: Report, reason: string | null): Report {
  const why = `The experiment was cancelled: ${reason ?? 'no cause was recorded'}`;
  return { ...report, verdict: { valid: false, reasons: [why, ...(report.verdict?.reasons ?? [])] } };
}

/** The ledger as the recorder has it; undefined if there was no recording, or no recorder is there. */
async function recorderLedger(experimentId: string, { recorder, credentials }: ReportOptions): Promise<Ledger | undefined> {
  using connection = connect(RecorderDefinition, recorder, { credentials, timeout: 5 });
  return await connection.client.getRecording({ experimentId }).then(
    recording => recording.ledger,
    () => undefined,
  );
}
