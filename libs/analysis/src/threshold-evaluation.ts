import type { ThresholdResult } from '@galileo/proto/orchestrator';
import { createHistogram, type Histogram } from './histogram.ts';
import type { Threshold, ThresholdOperator } from './threshold.ts';

/** What thresholds are held against: the figures of the measured span. */
export interface Measurements {
  /** Length of the measured span, seconds. */
  readonly span: number;
  readonly services: readonly ServiceMeasurements[];
}

/** The figures of one service. */
export interface ServiceMeasurements {
  readonly name: string;
  /** Requests due in the span. */
  readonly requests: number;
  /** How many of them failed. */
  readonly errors: number;
  /** Requests, whenever they were due, that were answered without error within the span. */
  readonly answered: number;
  readonly latency: Histogram;
  readonly serviceTime: Histogram;
  /** Sum over the replicas, cores; undefined if it was not measured. */
  readonly cpu: number | undefined;
  /** Sum over the replicas, bytes; undefined if it was not measured. */
  readonly memory: number | undefined;
}

const holds: Readonly<Record<ThresholdOperator, (value: number, limit: number) => boolean>> = {
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '==': (value, limit) => value === limit,
};

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A sum that is only as known as each of its parts. */
function knownSum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter(value => value !== undefined);
  return known.length < values.length ? undefined : sum(known);
}

function statisticOf(threshold: Threshold, histograms: readonly Histogram[]): number | undefined {
  const all = createHistogram();
  for (const histogram of histograms) all.add(histogram);
  if (all.count === 0) return undefined;
  const { statistic } = threshold;
  return typeof statistic === 'number' ? all.quantile(statistic) : all[statistic ?? 'mean'];
}

/** The value that a threshold is about, in its unit; undefined if nothing was measured. */
function measure(threshold: Threshold, services: readonly ServiceMeasurements[], span: number): number | undefined {
  if (services.length === 0) return undefined;
  const requests = sum(services.map(service => service.requests));
  const errors = sum(services.map(service => service.errors));
  switch (threshold.metric) {
    case 'latency':
      return statisticOf(
        threshold,
        services.map(service => service.latency),
      );
    case 'service_time':
      return statisticOf(
        threshold,
        services.map(service => service.serviceTime),
      );
    case 'errors':
      if (requests === 0) return undefined;
      return threshold.unit === 'fraction' ? errors / requests : errors;
    case 'requests':
      return requests;
    case 'rate':
      return span > 0 ? sum(services.map(service => service.answered)) / span : undefined;
    case 'cpu':
      return knownSum(services.map(service => service.cpu));
    case 'memory':
      return knownSum(services.map(service => service.memory));
  }
}

/** Holds a threshold against what was measured. Without a measurement it has not passed, and its value is 0. */
export function evaluateThreshold(threshold: Threshold, measurements: Measurements): ThresholdResult {
  const services =
    threshold.service === undefined
      ? measurements.services
      : measurements.services.filter(service => service.name === threshold.service);
  const value = measure(threshold, services, measurements.span);
  return {
    expression: threshold.expression,
    value: value ?? 0,
    passed: value !== undefined && holds[threshold.operator](value, threshold.limit),
    measured: value !== undefined,
  };
}
