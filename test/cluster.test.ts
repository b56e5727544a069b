import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { missing } from '@galileo/testkit';
import { parseEvent, parseTelemetry, parseTrace } from '@galileo/wire';
import { describe, expect, test } from 'vitest';
import { type Cluster, type MemberName, members, startCluster } from './cluster.ts';

/** A random order, from a seed that is printed. */
function shuffled(names: readonly MemberName[], seed: number): MemberName[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const order = [...names];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The experiment of examples/pi.yaml, on nodes and workers of the cluster. */
const experiment = `
name: pi-profile
seed: 42
duration: 6s
warmup: 1s
services:
  - name: pi
    replicas:
      - { node: node-a, weight: 3 }
      - { node: node-b, weight: 1 }
    process: { command: [node, examples/apps/pi.ts], port: auto, ready: { path: /healthz } }
workloads:
  - service: pi
    clients: 4
    worker_labels: { galileo_zone: main }
    request: { path: "/function/pi/digits?n=50" }
    arrival: { distribution: expovariate, parameters: [15] }
telemetry: { nodes: [node-a, node-b], period: 500ms }
thresholds: [errors < 1%]
`;

async function experimentFile(cluster: Cluster, text = experiment): Promise<string> {
  const file = join(cluster.data, 'experiment.yaml');
  await writeFile(file, text);
  return file;
}

interface Entry {
  produced: number;
  stored: number;
  rejected: number;
  lost: number;
  unverified: number;
}

function rows(store: string, statement: string): Record<string, unknown>[] {
  const database = new DatabaseSync(store, { readOnly: true });
  try {
    return database.prepare(statement).all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

/** Everything that goes through Redis from now on: the arguments of each command. */
async function watchCommands(cluster: Cluster) {
  const monitor = await cluster.redis.client().monitor();
  const commands: string[][] = [];
  monitor.on('monitor', (_time: string, args: string[]) => commands.push(args));
  return { commands, end: () => monitor.disconnect() };
}

describe.skipIf(missing('redis-server') || missing('etcd'))('separate services (needs redis-server and etcd)', () => {
  test('started in any order, they run the experiment: ledger, rows, 3:1, Galileo’s formats in Redis', async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`order of start: seed ${seed}`);
    await using cluster = await startCluster({ order: shuffled(members, seed) });
    const watched = await watchCommands(cluster);
    // Nothing waits for readiness here: the orchestrator itself waits for what the file needs.
    await cluster.member('orchestrator').line('ready', 40);
    const { code, stdout, stderr } = await cluster.galileo(['run', '--json', await experimentFile(cluster)]);
    watched.end();
    expect([0, 4], stderr).toContain(code);
    const report = JSON.parse(stdout);
    const { traces, telemetry, events } = report.ledger as Record<string, Entry>;
    for (const entry of [traces!, telemetry!, events!]) {
      expect(entry).toMatchObject({ rejected: 0, lost: 0, unverified: 0 });
      expect(entry.stored).toBe(entry.produced);
    }
    expect(traces!.produced).toBeGreaterThan(200);

    const [{ n: traceRows }] = rows(cluster.store, 'SELECT COUNT(*) AS n FROM traces') as [{ n: number }];
    expect(traceRows).toBe(traces!.stored);
    const nodes = rows(cluster.store, 'SELECT DISTINCT NODE FROM telemetry ORDER BY NODE').map(row => row['NODE']);
    expect(nodes).toEqual(['node-a', 'node-b']);
    const workers = rows(cluster.store, "SELECT DISTINCT substr(CLIENT, 1, instr(CLIENT, ':') - 1) AS w FROM traces ORDER BY w");
    expect(workers.map(row => row['w'])).toEqual(['worker-a', 'worker-b']);
    const perReplica = rows(cluster.store, 'SELECT COUNT(*) AS n FROM trace_details GROUP BY REPLICA ORDER BY n DESC');
    const [heavy, light] = perReplica.map(row => Number(row['n']));
    expect(perReplica).toHaveLength(2);
    expect(Math.abs(heavy! - 3 * light!)).toBeLessThanOrEqual(4);

    const published = watched.commands.filter(([command]) => command?.toUpperCase() === 'PUBLISH').map(([, ...rest]) => rest);
    const on = (channel: string) => published.filter(([name]) => name === channel).map(([, line]) => line!);
    expect(on('galileo/results/traces').map(line => parseTrace(line).ok)).toEqual(Array(traces!.produced).fill(true));
    expect(on('galileo/events').every(line => parseEvent(line).ok)).toBe(true);
    const samples = published.filter(([name]) => name!.startsWith('telem/'));
    expect(samples.length).toBeGreaterThanOrEqual(telemetry!.produced);
    expect(samples.every(([channel, line]) => parseTelemetry(channel!, line!).ok)).toBe(true);
    expect(on('routing:updates')).toContain('pi');
    const has = (...args: string[]) =>
      watched.commands.some(command => args.every((arg, i) => command[i]?.toLowerCase() === arg.toLowerCase()));
    expect(has('SADD', 'galileo:workers', 'worker-a')).toBe(true);
    expect(has('SADD', 'routing:services', 'pi')).toBe(true);
    expect(has('SADD', 'galileo:worker:worker-b:clients')).toBe(true);

    // Nothing is left of the experiment.
    const client = cluster.redis.client();
    expect(await client.smembers('routing:services')).toEqual([]);
    expect(await client.keys('galileo:client:*')).toEqual([]);
    expect(await cluster.etcd.ctl('get', '--prefix', 'golb/', '--keys-only')).toBe('');
    client.disconnect();
  }, 120_000);
});
