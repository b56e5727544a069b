import { ExperimentStatus, type Report } from '@galileo/proto/orchestrator';

/** What the command's exit code says. */
export const exitCodes = { success: 0, failure: 1, usage: 2, thresholdsFailed: 3, invalid: 4, cancelled: 130 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code of a run that ended with this report. INVALID outranks failed thresholds: they were judged by figures that can't be trusted. */
export function exitCodeOf(report: Report): ExitCode {
  const status = report.experiment?.status;
  if (status === ExperimentStatus.CANCELLED) return exitCodes.cancelled;
  if (status !== ExperimentStatus.FINISHED) return exitCodes.failure;
  if (report.verdict?.valid !== true) return exitCodes.invalid;
  return report.thresholds.every(threshold => threshold.passed) ? exitCodes.success : exitCodes.thresholdsFailed;
}
