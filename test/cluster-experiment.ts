import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { connect, waitForServing } from '@galileo/service';
import { until } from '@galileo/testkit';
import { expect } from 'vitest';
import { type Cluster, type MemberName, members, type Outcome, type Running } from './cluster.ts';

/** Requests per second of all clients together. */
const rate = 100;
/** Clients, which make equally many requests. */
const clients = 4;

/** An experiment over both workers and both nodes whose number of requests is known: constant arrivals. */
function experimentText(duration: number): string {
  return `
name: faults
seed: 42
duration: ${duration}s
services:
  - name: pi
    replicas: [{ node: node-a, weight: 3 }, { node: node-b, weight: 1 }]
    process: { command: [node, examples/apps/pi.ts], port: auto, ready: { path: /healthz } }
workloads:
  - service: pi
    clients: ${clients}
    worker_labels: { galileo_zone: main }
    request: { path: "/function/pi/digits?n=50", timeout: 5s }
    arrival: { constant: ${clients / rate} }
telemetry: { nodes: [node-a, node-b], period: 250ms }
`;
}

/** Requests that are due within such an experiment. */
export const requestsOf = (duration: number) => clients * (Math.ceil((duration * rate) / clients) - 1);

/** Rows of the store, which others write at the same time. */
export function rows<T = Record<string, unknown>>(store: string, statement: string, ...parameters: (string | number)[]): T[] {
  const database = new DatabaseSync(store, { readOnly: true });
  try {
    return database.prepare(statement).all(...parameters) as T[];
  } finally {
    database.close();
  }
}

interface Entry {
  readonly produced: number;
  readonly stored: number;
  readonly rejected: number;
  readonly lost: number;
  readonly unverified: number;
}

/** What `run --json` and `report --json` print, as far as it matters here. */
export interface Report {
  readonly experiment: { readonly id: string; readonly status: string };
  readonly reason: string | null;
  readonly verdict: { readonly valid: boolean; readonly reasons: readonly string[] };
  readonly ledger: Readonly<Record<'traces' | 'telemetry' | 'events', Entry>>;
  readonly reconciliation: {
    readonly final: boolean;
    readonly mismatches: readonly string[];
    readonly missing_producers: readonly string[];
  };
  readonly services: Readonly<
    Record<string, { readonly requests: number; readonly errors: number; readonly error_kinds: Readonly<Record<string, number>> }>
  >;
  readonly generator: { readonly intended: number; readonly released: number };
  readonly notes: readonly string[];
}

/** An experiment that a `galileo run` carries out. */
export interface Run extends AsyncDisposable {
  readonly id: string;
  readonly command: Running;
  /** Waits until the store holds at least so many traces of it. */
  stored(count: number): Promise<void>;
  /** Waits for the command's end. */
  ended(): Promise<Outcome & { readonly report: Report }>;
}

/** Starts an experiment by `galileo run --json` and waits until the store knows it. */
export async function startRun(cluster: Cluster, duration: number): Promise<Run> {
  const file = join(cluster.data, 'experiment.yaml');
  await writeFile(file, experimentText(duration));
  const ids = () => rows<{ id: string }>(cluster.store, 'SELECT EXP_ID AS id FROM experiments').map(row => row.id);
  const known = new Set(ids());
  const command = await cluster.startGalileo(['run', '--json', file]);
  const fresh = () => ids().find(id => !known.has(id));
  const id = await until('the experiment is in the store', () => fresh() ?? (command.program.running ? '' : 'none'), 20).catch(
    async error => Promise.reject(new Error(`${error.message}; galileo tells: ${await command.progress()}`, { cause: error })),
  );
  if (id === 'none') throw new Error(`galileo has ended without an experiment: ${await command.progress()}`);
  return {
    id,
    command,
    async stored(count) {
      await until(`${count} traces are stored`, () => tracesOf(cluster, id) >= count, 40);
    },
    async ended() {
      const outcome = await command.outcome;
      expect(outcome.stdout, outcome.stderr).toMatch(/^\{/);
      return { ...outcome, report: JSON.parse(outcome.stdout) as Report };
    },
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  };
}

/** Traces of an experiment in the store. */
function tracesOf(cluster: Cluster, id: string): number {
  return rows<{ n: number }>(cluster.store, 'SELECT COUNT(*) AS n FROM traces WHERE EXP_ID = ?', id)[0]!.n;
}

/** The ledger balances for every kind, and says of the store what is there. */
export function expectBalance(cluster: Cluster, { experiment, ledger }: Report): void {
  const tables = { traces: 'traces', telemetry: 'telemetry', events: 'events' } as const;
  for (const [kind, table] of Object.entries(tables) as ['traces', string][]) {
    const { produced, stored, rejected, lost, unverified } = ledger[kind];
    expect([kind, stored + rejected + lost]).toEqual([kind, produced]);
    expect([kind, rejected, unverified]).toEqual([kind, 0, 0]);
    const [count] = rows<{ n: number }>(cluster.store, `SELECT COUNT(*) AS n FROM ${table} WHERE EXP_ID = ?`, experiment.id);
    expect([kind, stored]).toEqual([kind, count!.n]);
  }
}

/** Nothing was lost, and nothing is odd. */
export function expectNoLoss(report: Report): void {
  const { traces, telemetry, events } = report.ledger;
  expect([traces.lost, telemetry.lost, events.lost]).toEqual([0, 0, 0]);
  expect(report.reconciliation).toEqual({ final: true, mismatches: [], missing_producers: [] });
}

/** Requests that the load balancer has given to replicas since its start, and those that they did not answer. */
export async function balanced(cluster: Cluster): Promise<{ requests: number; errors: number }> {
  using connection = connect(LoadBalancerDefinition, cluster.address('loadbalancer'), { credentials: {}, timeout: 5 });
  const { replicas } = await connection.client.getStatistics({});
  const sum = (of: 'requests' | 'errors') => replicas.reduce((total, replica) => total + replica[of], 0);
  return { requests: sum('requests'), errors: sum('errors') };
}

/** What services have entered in Redis and etcd, without values that differ from run to run. */
export async function entries(cluster: Cluster) {
  const { redis, etcd } = cluster;
  const client = redis.client();
  try {
    const keys = async (pattern: string) => (await client.keys(pattern)).sort();
    return {
      services: (await keys('galileo:service:*')).map(key => key.split(':')[2]!),
      workers: (await client.smembers('galileo:workers')).sort(),
      labels: (await keys('worker-?')).sort(),
      clients: (await keys('galileo:client:*')).length,
      clientSets: (await keys('galileo:worker:*:clients')).length,
      nodes: await keys('telemd.info:*'),
      routes: (await client.smembers('routing:services')).sort(),
      hosts: (await client.lrange('routing:hosts:pi', 0, -1)).length,
      weights: (await etcd.ctl('get', '--prefix', 'golb/', '--keys-only')).split(/\s+/).filter(Boolean),
    };
  } finally {
    client.disconnect();
  }
}

const idle = {
  services: ['client', 'client', 'loadbalancer', 'orchestrator', 'recorder', 'telemd', 'telemd'],
  workers: ['worker-a', 'worker-b'],
  labels: ['worker-a', 'worker-b'],
  clients: 0,
  clientSets: 0,
  nodes: ['telemd.info:node-a', 'telemd.info:node-b'],
  routes: [] as string[],
  hosts: 0,
  weights: [] as string[],
};

/** Entries while no experiment is under way, and while one is. */
export const expectedEntries = {
  idle,
  loaded: { ...idle, clients, clientSets: 2, routes: ['pi'], hosts: 1, weights: ['golb/function/main/pi'] },
};

/** Waits until the entries are these. */
export async function untilEntries(cluster: Cluster, expected: Awaited<ReturnType<typeof entries>>): Promise<void> {
  let found: unknown;
  const same = async () => {
    found = await entries(cluster);
    return isDeepStrictEqual(found, expected);
  };
  // The comparison below shows what differs.
  await until('the entries are as they should be', same, 15).catch(() => expect(found).toEqual(expected));
}

/** What a member's gRPC health says: serving or not. @throws Error if it does not answer */
export async function serves(cluster: Cluster, name: MemberName): Promise<boolean> {
  try {
    await waitForServing(cluster.address(name), 0.05);
    return true;
  } catch (error) {
    if (/: not serving$/.test((error as Error).message)) return false;
    throw error;
  }
}

/** Waits until just these members of those that run serve, and the others say that they do not. */
export async function untilServing(
  cluster: Cluster,
  serving: readonly MemberName[] = members,
  running: readonly MemberName[] = members,
): Promise<void> {
  let found: readonly MemberName[] = [];
  const same = async () => {
    const answers = await Promise.all(running.map(name => serves(cluster, name)));
    found = running.filter((_, index) => answers[index]);
    return found.length === serving.length && found.every(name => serving.includes(name));
  };
  await until('the right members serve', same, 30).catch(error => {
    expect(found, String(error.cause)).toEqual(serving);
  });
}

/** An experiment of one second is carried out without a loss. */
export async function expectWorks(cluster: Cluster): Promise<void> {
  await using run = await startRun(cluster, 1);
  const { report, stderr } = await run.ended();
  expect([report.experiment.status, report.reason], stderr).toEqual(['FINISHED', null]);
  expectBalance(cluster, report);
  expectNoLoss(report);
  expect(report.ledger.traces.produced).toBe(requestsOf(1));
  expect(report.services['pi']!.errors).toBe(0);
}

/** Numbers from a seed, which is printed. */
export function createRandom(name: string): (from: number, to: number) => number {
  let state = Number(process.env['GALILEO_TEST_SEED'] ?? Date.now() % 1_000_000);
  console.log(`${name}: GALILEO_TEST_SEED=${state}`);
  return (from, to) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return from + (state / 2 ** 32) * (to - from);
  };
}
