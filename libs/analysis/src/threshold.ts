/** What a threshold is about. */
export type ThresholdMetric = 'latency' | 'service_time' | 'errors' | 'requests' | 'rate' | 'cpu' | 'memory';

/** Unit of a threshold's limit and of the value that it is compared with. */
export type ThresholdUnit = 'seconds' | 'fraction' | 'requests' | 'requests per second' | 'cores' | 'bytes';

export type ThresholdOperator = '<' | '<=' | '>' | '>=' | '==';

/** A statistic of a distribution; a number is a quantile, 0 < q <= 1. */
export type ThresholdStatistic = 'mean' | 'min' | 'max' | number;

/** A condition on a report: `metric[(service)][.statistic] operator limit`. */
export interface Threshold {
  /** As written. */
  readonly expression: string;
  readonly metric: ThresholdMetric;
  /** Absent: over all services. */
  readonly service: string | undefined;
  /** Present for latency and service_time. */
  readonly statistic: ThresholdStatistic | undefined;
  readonly operator: ThresholdOperator;
  /** In `unit`. */
  readonly limit: number;
  readonly unit: ThresholdUnit;
}

/** A threshold can't be understood. */
export class ThresholdError extends Error {
  readonly expression: string;
  /** Index of the first character that does not fit. */
  readonly position: number;
  /** What stands there; empty at the end. */
  readonly found: string;
  readonly allowed: string;

  constructor(expression: string, position: number, found: string, allowed: string) {
    const what = found === '' ? 'it ends' : `found ${JSON.stringify(found)}`;
    super(`threshold ${JSON.stringify(expression)}: ${what} at character ${position + 1}; allowed: ${allowed}`);
    this.name = 'ThresholdError';
    this.expression = expression;
    this.position = position;
    this.found = found;
    this.allowed = allowed;
  }
}

/** A way to write a metric's limit: suffix -> the unit of the limit and how many of it the suffix stands for. */
type Suffixes = Readonly<Record<string, readonly [unit: ThresholdUnit, factor: number]>>;

interface MetricRule {
  readonly statistic: boolean;
  readonly suffixes: Suffixes;
  /** Must a number without a suffix be whole? It catches `errors < 0.01`, which hardly means a hundredth of a request. */
  readonly whole: boolean;
  /** Completes "allowed: …". */
  readonly limits: string;
}

const spans: Suffixes = {
  '': ['seconds', 1],
  us: ['seconds', 1e-6],
  ms: ['seconds', 1e-3],
  s: ['seconds', 1],
  m: ['seconds', 60],
};
const bytes: Suffixes = {
  '': ['bytes', 1],
  KB: ['bytes', 1e3],
  MB: ['bytes', 1e6],
  GB: ['bytes', 1e9],
  KiB: ['bytes', 2 ** 10],
  MiB: ['bytes', 2 ** 20],
  GiB: ['bytes', 2 ** 30],
};
const span = { statistic: true, suffixes: spans, whole: false, limits: 'a span in us, ms, s or m, or a number of seconds' };

const rules: Readonly<Record<ThresholdMetric, MetricRule>> = {
  latency: span,
  service_time: span,
  errors: {
    statistic: false,
    suffixes: { '': ['requests', 1], '%': ['fraction', 0.01] },
    whole: true,
    limits: 'a share of the requests in %, or a whole number of requests',
  },
  requests: { statistic: false, suffixes: { '': ['requests', 1] }, whole: true, limits: 'a whole number of requests' },
  rate: {
    statistic: false,
    suffixes: { '': ['requests per second', 1] },
    whole: false,
    limits: 'a number of requests per second',
  },
  cpu: {
    statistic: false,
    suffixes: { '': ['cores', 1], '%': ['cores', 0.01] },
    whole: false,
    limits: 'a share of one core in %, or a number of cores',
  },
  memory: {
    statistic: false,
    suffixes: bytes,
    whole: false,
    limits: 'a size in KB, MB, GB, KiB, MiB or GiB, or a number of bytes',
  },
};

const statistics = 'mean, min, max, p50, p90, p95, p99, p99.9 or another percentile up to p100';

/** Walks through an expression, leaving out white space between words. */
function createScanner(expression: string) {
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    at += /^\s*/.exec(expression.slice(at))![0].length;
    return new RegExp(`^(?:${pattern.source})`).exec(expression.slice(at))?.[0];
  };
  return {
    /** Takes what fits the pattern here, or nothing. */
    take(pattern: RegExp): string | undefined {
      const found = match(pattern);
      at += found?.length ?? 0;
      return found;
    },
    /** Takes what fits the pattern here and can be read. @throws ThresholdError otherwise. */
    expect<T>(pattern: RegExp, allowed: string, read: (found: string) => T | undefined): T {
      const found = match(pattern);
      const value = found === undefined ? undefined : read(found);
      if (value === undefined) throw new ThresholdError(expression, at, found || (match(/\w+|[<>=!]+|\S/) ?? ''), allowed);
      at += found!.length;
      return value;
    },
  };
}

type Scanner = ReturnType<typeof createScanner>;

function takeService(scanner: Scanner): string | undefined {
  if (scanner.take(/\(/) === undefined) return undefined;
  const service = scanner.expect(/[^\s()]+/, 'the name of a service', found => found);
  scanner.expect(/\S/, ')', found => (found === ')' ? found : undefined));
  return service;
}

function readStatistic(found: string): ThresholdStatistic | undefined {
  if (found === 'mean' || found === 'min' || found === 'max') return found;
  const percentile = /^p(\d+(?:\.\d+)?)$/.exec(found)?.[1];
  const quantile = percentile === undefined ? 0 : Number(percentile) / 100;
  return quantile > 0 && quantile <= 1 ? quantile : undefined;
}

function takeStatistic(scanner: Scanner, metric: ThresholdMetric): ThresholdStatistic | undefined {
  if (!rules[metric].statistic) return undefined;
  scanner.expect(/\S/, `a dot and a statistic of ${metric}: ${statistics}`, found => (found === '.' ? found : undefined));
  return scanner.expect(/[\w.]+/, statistics, readStatistic);
}

const operators: readonly ThresholdOperator[] = ['<', '<=', '>', '>=', '=='];

function takeLimit(scanner: Scanner, metric: ThresholdMetric): { limit: number; unit: ThresholdUnit } {
  const { suffixes, limits, whole } = rules[metric];
  return scanner.expect(/[^\s]+(?:\s*[A-Za-z%]+)?/, limits, found => {
    const [, digits, suffix] = /^(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)$/.exec(found) ?? [];
    const known = suffix === undefined ? undefined : Object.entries(suffixes).find(([name]) => name === suffix)?.[1];
    if (known === undefined || (whole && suffix === '' && !Number.isInteger(Number(digits)))) return undefined;
    const [unit, factor] = known;
    return { limit: Number(digits) * factor, unit };
  });
}

/**
 * Reads a threshold such as `latency(pi).p99 < 200ms`, `errors < 1%` or `memory(pi) <= 200MB`.
 * Without a service it is about all of them together. The metrics:
 * latency and service_time (with a statistic; spans in us, ms, s, m or plain seconds), errors (share in %, or a number of
 * requests), requests, rate (requests answered per second), cpu (cores, or % of one core), memory (KB, MB, GB, KiB, MiB, GiB
 * or plain bytes).
 * @throws ThresholdError with the position, what was found and what is allowed.
 */
export function parseThreshold(expression: string): Threshold {
  const scanner = createScanner(expression);
  const metrics = Object.keys(rules) as ThresholdMetric[];
  const metric = scanner.expect(/[\w-]+/, metrics.join(', '), found => metrics.find(name => name === found));
  const service = takeService(scanner);
  const statistic = takeStatistic(scanner, metric);
  const operator = scanner.expect(/[<>=!]+/, operators.join(', '), found => operators.find(name => name === found));
  const { limit, unit } = takeLimit(scanner, metric);
  scanner.expect(/.*/, 'nothing more', rest => (rest === '' ? rest : undefined));
  return { expression, metric, service, statistic, operator, limit, unit };
}
