import { describe, expect, it } from 'vitest';
import { parseThreshold, ThresholdError } from './threshold.ts';

describe('a threshold', () => {
  const written: [
    expression: string,
    metric: string,
    service: string | undefined,
    statistic: unknown,
    operator: string,
    limit: number,
    unit: string,
  ][] = [
    ['latency.p99 < 200ms', 'latency', undefined, 0.99, '<', 0.2, 'seconds'],
    ['latency(pi).p99.9 <= 1.5s', 'latency', 'pi', 0.999, '<=', 1.5, 'seconds'],
    ['latency.p100<1m', 'latency', undefined, 1, '<', 60, 'seconds'],
    ['  latency ( web-1 ) . max > 1e3 us ', 'latency', 'web-1', 'max', '>', 1e-3, 'seconds'],
    ['service_time.mean <= 0.1', 'service_time', undefined, 'mean', '<=', 0.1, 'seconds'],
    ['service_time.min >= 0', 'service_time', undefined, 'min', '>=', 0, 'seconds'],
    ['latency.p0.1 >= 1us', 'latency', undefined, 0.001, '>=', 1e-6, 'seconds'],
    ['errors < 1%', 'errors', undefined, undefined, '<', 0.01, 'fraction'],
    ['errors < 0.1 %', 'errors', undefined, undefined, '<', 0.001, 'fraction'],
    ['errors(pi) < 5', 'errors', 'pi', undefined, '<', 5, 'requests'],
    ['errors == 0', 'errors', undefined, undefined, '==', 0, 'requests'],
    ['requests >= 100', 'requests', undefined, undefined, '>=', 100, 'requests'],
    ['rate > 40.5', 'rate', undefined, undefined, '>', 40.5, 'requests per second'],
    ['cpu(pi) < 80%', 'cpu', 'pi', undefined, '<', 0.8, 'cores'],
    ['cpu < 1.5', 'cpu', undefined, undefined, '<', 1.5, 'cores'],
    ['memory(pi) < 200MB', 'memory', 'pi', undefined, '<', 200e6, 'bytes'],
    ['memory < 1.5 GiB', 'memory', undefined, undefined, '<', 1.5 * 2 ** 30, 'bytes'],
    ['memory < 12 KB', 'memory', undefined, undefined, '<', 12e3, 'bytes'],
    ['memory < 4096', 'memory', undefined, undefined, '<', 4096, 'bytes'],
  ];
  it.each(written)('%s is understood', (expression, metric, service, statistic, operator, limit, unit) => {
    const parsed = parseThreshold(expression);
    expect(parsed).toMatchObject({ expression, metric, service, operator, unit });
    expect(parsed.limit).toBeCloseTo(limit, 12);
    if (typeof statistic === 'number') expect(parsed.statistic).toBeCloseTo(statistic, 12);
    else expect(parsed.statistic).toBe(statistic);
  });

  const wrong: [why: string, expression: string, position: number, found: string, allowed: string][] = [
    ['nothing is there', '', 0, '', 'latency, service_time, errors, requests, rate, cpu, memory'],
    ['the metric is unknown', 'latenzy.p99 < 1s', 0, 'latenzy', 'latency, service_time'],
    ['a metric has another case', 'CPU < 1', 0, 'CPU', 'latency, service_time'],
    ['a name of Object.prototype is no metric', 'constructor < 1', 0, 'constructor', 'latency, service_time'],
    ['the statistic is missing', 'latency < 1s', 8, '<', 'a dot and a statistic of latency: mean, min, max, p50'],
    ['the statistic is missing at the end', 'latency', 7, '', 'a dot and a statistic'],
    ['the statistic is unknown', 'latency.median < 1s', 8, 'median', 'mean, min, max, p50'],
    ['a percentile is above 100', 'latency.p101 < 1s', 8, 'p101', 'p100'],
    ['a percentile is 0', 'latency.p0 < 1s', 8, 'p0', 'p100'],
    ['the metric has no statistics', 'errors.p99 < 1%', 6, '.', '<, <=, >, >=, =='],
    ['the service is missing', 'cpu() < 1', 4, ')', 'the name of a service'],
    ['the parenthesis is open', 'cpu(pi < 1', 7, '<', ')'],
    ['the operator is missing', 'cpu 1', 4, '1', '<, <=, >, >=, =='],
    ['the operator is unknown', 'cpu != 1', 4, '!=', '<, <=, >, >=, =='],
    ['the operator is the assignment', 'cpu = 1', 4, '=', '<, <=, >, >=, =='],
    ['the limit is missing', 'cpu <', 5, '', 'a share of one core in %, or a number of cores'],
    ['the limit is negative', 'latency.p99 < -5ms', 14, '-5ms', 'a span in us, ms, s or m, or a number of seconds'],
    ['the unit belongs to another metric', 'latency.p99 < 5%', 14, '5%', 'a span in us, ms, s or m'],
    ['the unit is unknown', 'memory < 5 TB', 9, '5 TB', 'a size in KB, MB, GB, KiB, MiB or GiB'],
    ['a share is written as if it were a count', 'errors < 0.01', 9, '0.01', 'a share of the requests in %, or a whole number'],
    ['the count is not whole', 'requests > 1.5', 11, '1.5', 'a whole number of requests'],
    ['something follows', 'cpu < 1 and errors < 1%', 6, '1 and', 'a share of one core'],
    ['something follows a limit with a unit', 'cpu < 1% , errors < 1%', 9, ', errors < 1%', 'nothing more'],
    ['the number is none', 'cpu < nan', 6, 'nan', 'a number of cores'],
  ];
  it.each(wrong)('is refused when %s: %s', (_, expression, position, found, allowed) => {
    const error = (() => {
      try {
        parseThreshold(expression);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(ThresholdError);
    expect(error).toMatchObject({ expression, position, found });
    expect((error as ThresholdError).allowed).toContain(allowed);
    expect((error as ThresholdError).message).toContain(`character ${position + 1}`);
  });
});
