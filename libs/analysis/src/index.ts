export { createHistogram, decodeHistogram, type Histogram, HistogramError } from './histogram.ts';
export { buildReport, type ReplicaInput, type ReportInput } from './report.ts';
export {
  parseThreshold,
  type Threshold,
  ThresholdError,
  type ThresholdMetric,
  type ThresholdOperator,
  type ThresholdStatistic,
  type ThresholdUnit,
} from './threshold.ts';
export { evaluateThreshold, type Measurements, type ServiceMeasurements } from './threshold-evaluation.ts';
export { reportMetrics } from './usage.ts';
export { defaultLimits, type ValidityLimits } from './verdict.ts';
