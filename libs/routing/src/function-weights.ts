import type { Parsed } from '@galileo/wire';
import { milliWeights, weightsProblem } from './weights.ts';

/** The replicas of one function as Galileo's load balancer reads them from etcd: a weight for each, in the same order. */
export interface FunctionWeights {
  /** HOST:PORT each. */
  readonly ips: readonly string[];
  readonly weights: readonly number[];
}

const refused = (reason: string) => ({ ok: false, reason }) as const;

/** The value of a key, whatever its case is; the last one counts if there are several (as in Go). */
function field(record: object, name: string): unknown {
  let found: unknown;
  for (const [key, value] of Object.entries(record)) if (key.toLowerCase() === name) found = value;
  return found;
}

/** A short form of a value for a reason. */
const shown = (value: unknown) => JSON.stringify(value).slice(0, 60);

/**
 * Parses the value of a function's key: `{"ips": ["10.0.0.1:80", …], "weights": [3, …]}`. The case of both names doesn't matter.
 * Without ips (`{}`, `null`, an empty list) the function is known and has no replicas. The addresses are not checked.
 * @returns a reason if it is no such JSON, or if a weight is missing, not a number, negative, too high or below 0.001.
 */
export function parseWeights(text: string): Parsed<FunctionWeights> {
  let record: unknown;
  try {
    record = JSON.parse(text) ?? {};
  } catch {
    return refused('the value is not JSON');
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    return refused(`the value is ${shown(record)}; allowed: {"ips": ["HOST:PORT"], "weights": [1]}`);
  }
  const ips = field(record, 'ips') ?? [];
  const weights = field(record, 'weights') ?? [];
  if (!Array.isArray(ips)) return refused(`ips is ${shown(ips)}; allowed: a list of HOST:PORT`);
  if (!Array.isArray(weights)) return refused(`weights is ${shown(weights)}; allowed: a list of numbers`);
  const wrongIp = ips.findIndex(ip => typeof ip !== 'string');
  if (wrongIp !== -1) return refused(`ips[${wrongIp}] is ${shown(ips[wrongIp])}; allowed: HOST:PORT as text`);
  const wrongWeight = weights.findIndex(weight => typeof weight !== 'number');
  if (wrongWeight !== -1) return refused(`weights[${wrongWeight}] is ${shown(weights[wrongWeight])}; allowed: a number`);
  if (ips.length === 0) return { ok: true, value: { ips: [], weights: [] } };
  const problem = replicasProblem(ips, weights);
  return problem === undefined ? { ok: true, value: { ips, weights } } : refused(problem);
}

function replicasProblem(ips: readonly string[], weights: readonly number[]): string | undefined {
  const twice = ips.find((ip, index) => ips.indexOf(ip) !== index);
  if (twice !== undefined) return `replica ${twice} is there twice; allowed: each address once`;
  const tiny = weights.findIndex(weight => weight > 0 && weight < 0.001);
  if (tiny !== -1) return `weight of ${ips[tiny]}: ${weights[tiny]} is not allowed; allowed: 0, or at least 0.001`;
  return weightsProblem(ips, weights);
}

/** Weights that can't be stored; the message names the value and what is allowed. */
export class WeightsError extends Error {
  override readonly name = 'WeightsError';
}

/**
 * Formats the value of a function's key. Fractions become whole numbers in the same proportion, for the Go load balancer
 * ignores a value that holds a fraction.
 * @throws WeightsError
 */
export function formatWeights({ ips, weights }: FunctionWeights): string {
  const problem = replicasProblem(ips, weights);
  if (problem !== undefined) throw new WeightsError(problem);
  return JSON.stringify({ ips, weights: weights.every(Number.isInteger) ? weights : milliWeights(weights) });
}
