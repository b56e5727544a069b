import { parseThreshold, type ThresholdUnit } from '@galileo/analysis';
import type { ThresholdResult } from '@galileo/proto/orchestrator';
import { bytes, cores, count, latency, percent } from './units.ts';

const written: Readonly<Record<ThresholdUnit, (value: number) => string>> = {
  seconds: latency,
  fraction: percent,
  requests: count,
  'requests per second': value => `${value.toFixed(2)} req/s`,
  cores,
  bytes,
};

/** What was measured for a threshold, in the unit of its limit. */
export function thresholdValue({ expression, value, measured }: ThresholdResult): string {
  if (!measured) return 'nothing measured';
  const { unit } = parseThreshold(expression);
  // A limit of `80%` of a core is in cores too; it is answered as it was asked.
  return unit === 'cores' && expression.trimEnd().endsWith('%') ? percent(value) : written[unit](value);
}
