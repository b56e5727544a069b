import { ExperimentStatus, type LoadStatistics, type WatchExperimentResponse } from '@galileo/proto/orchestrator';
import { statusName } from '@galileo/sdk';
import { count, latency, nothing, span } from './units.ts';

function rate(perSecond: number): string {
  return perSecond >= 1000 ? count(perSecond) : perSecond.toFixed(1);
}

function loadParts({
  intendedRate,
  achievedRate,
  failed,
  latencyP50,
  latencyP99,
  inFlight,
  completed,
  queueingP99,
  closedLoop,
}: LoadStatistics): string[] {
  const quantile = (value: number) => (value === 0 ? nothing : latency(value));
  return [
    // A closed loop has no intended rate.
    closedLoop ? `${rate(achievedRate)} req/s closed loop` : `${rate(achievedRate)} of ${rate(intendedRate)} req/s`,
    `${count(failed)} ${failed === 1 ? 'error' : 'errors'}`,
    `p50 ${quantile(latencyP50)}`,
    `p99 ${quantile(latencyP99)}`,
    `${count(inFlight)} in flight`,
    `queueing ${quantile(queueingP99)}`,
    `${count(completed)} done`,
  ];
}

/** How far an experiment is, in at most `width` columns; what doesn't fit is left out from the end. */
export function progressLine(message: WatchExperimentResponse, width: number): string {
  const { experiment, phase, remaining, load, queuePosition } = message;
  const status = experiment?.status ?? ExperimentStatus.UNSPECIFIED;
  const parts = [statusName(status).toLowerCase()];
  if (status === ExperimentStatus.RUNNING && load !== undefined) {
    parts.push(`${span(remaining)} left`, ...loadParts(load));
  } else if (status === ExperimentStatus.QUEUED && queuePosition > 0) {
    parts.push(`${queuePosition} ${queuePosition === 1 ? 'experiment' : 'experiments'} before this one`);
  } else {
    if (phase !== '') parts.push(phase);
    if (status === ExperimentStatus.FINALIZING && load !== undefined && load.inFlight > 0) {
      parts.push(`${count(load.inFlight)} in flight`);
    }
  }
  let line = parts[0] ?? '';
  for (const part of parts.slice(1)) {
    if (line.length + 2 + part.length > width) break;
    line += `  ${part}`;
  }
  return line.slice(0, width);
}
