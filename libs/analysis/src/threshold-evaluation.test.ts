import { describe, expect, it } from 'vitest';
import { createHistogram, type Histogram } from './histogram.ts';
import { parseThreshold } from './threshold.ts';
import { evaluateThreshold, type Measurements } from './threshold-evaluation.ts';

function histogramOf(...values: number[]): Histogram {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** Two services; `web` has no usage, `idle` has nothing at all. */
const measured: Measurements = {
  span: 10,
  services: [
    {
      name: 'pi',
      requests: 100,
      errors: 2,
      answered: 98,
      latency: histogramOf(0.1, 0.2, 0.3),
      serviceTime: histogramOf(0.05),
      cpu: 0.75,
      memory: 50e6,
    },
    {
      name: 'web',
      requests: 50,
      errors: 10,
      answered: 42,
      latency: histogramOf(0.9),
      serviceTime: histogramOf(0.7),
      cpu: undefined,
      memory: undefined,
    },
  ],
};
const idle: Measurements = {
  span: 10,
  services: [
    {
      name: 'pi',
      requests: 0,
      errors: 0,
      answered: 0,
      latency: createHistogram(),
      serviceTime: createHistogram(),
      cpu: 0.25,
      memory: 1e6,
    },
  ],
};

describe('evaluateThreshold', () => {
  const table: [why: string, expression: string, value: number, passed: boolean][] = [
    ['a quantile of one service', 'latency(pi).p50 < 250ms', 0.2, true],
    ['a quantile over all services', 'latency.p50 < 200ms', 0.2, false],
    ['the maximum over all services', 'latency.max <= 1s', 0.9, true],
    ['the minimum', 'latency.min >= 100ms', 0.1, true],
    ['the mean', 'service_time(web).mean > 0.7', 0.7, false],
    ['a share of errors', 'errors(pi) < 1%', 0.02, false],
    ['a share of errors over all', 'errors <= 8%', 0.08, true],
    ['a number of errors', 'errors < 13', 12, true],
    ['an exact number', 'errors(pi) == 2', 2, true],
    ['requests of one service', 'requests(web) > 50', 50, false],
    ['requests over all', 'requests >= 150', 150, true],
    ['answers per second', 'rate > 13.9', 14, true],
    ['cores as a share', 'cpu(pi) < 80%', 0.75, true],
    ['memory', 'memory(pi) < 50MB', 50e6, false],
  ];
  it.each(table)('compares %s: %s', (_, expression, value, passed) => {
    const result = evaluateThreshold(parseThreshold(expression), measured);
    expect(result).toMatchObject({ expression, passed, measured: true });
    expect(result.value).toBeCloseTo(value, 3);
  });

  const unmeasured: [why: string, expression: string, data: Measurements][] = [
    ['usage of a service without samples', 'cpu(web) < 80%', measured],
    ['usage over all when one is unknown', 'memory < 1GB', measured],
    ['an unknown service', 'errors(none) < 1%', measured],
    ['errors without requests', 'errors < 1%', idle],
    ['a number of errors without requests', 'errors == 0', idle],
    ['latency without requests', 'latency.p99 < 1s', idle],
    ['a rate over an empty span', 'rate < 5', { ...idle, span: 0 }],
    ['a rate over a negative span', 'rate < 5', { ...idle, span: -3 }],
  ];
  it.each(unmeasured)('has not passed and is not measured: %s', (_, expression, data) => {
    expect(evaluateThreshold(parseThreshold(expression), data)).toEqual({ expression, value: 0, passed: false, measured: false });
  });

  it('measures that there were no requests', () => {
    expect(evaluateThreshold(parseThreshold('requests >= 1'), idle)).toMatchObject({ value: 0, passed: false, measured: true });
    expect(evaluateThreshold(parseThreshold('rate < 1'), idle)).toMatchObject({ value: 0, passed: true, measured: true });
  });
});
