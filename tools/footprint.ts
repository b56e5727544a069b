// npm run footprint: what each service needs, as separate processes over Redis and etcd: the time until it is ready, and its
// memory (RSS) idle and at 200 requests per second. `-- --source` takes the sources instead of the bundles, `-- --quick` is a
// short run. Progress goes to stderr, the last line is one JSON object.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { missing, temporaryDirectory } from '@galileo/testkit';
import { type Cluster, type MemberName, members, startCluster } from '../test/cluster.ts';

const quick = process.argv.includes('--quick');
const from = process.argv.includes('--source') ? 'source' : 'bundle';
const runs = quick ? 1 : 5;
const load = quick ? 4 : 20;

/** Resident memory of a process, MB. */
function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} tells no VmRSS`);
  return Number(kilobytes) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

const memories = (cluster: Cluster) => members.map(name => residentMemory(cluster.member(name).pid));

/** Time from the start of each service's process until it says that it is ready, alone on the machine, seconds. */
async function startUpTimes(cluster: Cluster): Promise<Map<MemberName, number[]>> {
  const times = new Map<MemberName, number[]>(members.map(name => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (const name of members) {
      await cluster.member(name).kill('SIGTERM');
      const started = performance.now();
      await (await cluster.start(name)).ready(40);
      times.get(name)!.push((performance.now() - started) / 1000);
    }
    process.stderr.write(`start-up ${run + 1} of ${runs}\n`);
  }
  return times;
}

const experiment = `
name: footprint
seed: 1
duration: ${load}s
services:
  - name: pi
    replicas: [{ node: node-a }, { node: node-b }]
    process: { command: [node, examples/apps/pi.ts], port: auto, ready: { path: /healthz } }
workloads:
  - service: pi
    clients: 4
    request: { path: "/function/pi/digits?n=20" }
    arrival: { distribution: expovariate, parameters: [50] }
`;

/** Memory of each service in the second half of a load of 200 requests per second. */
async function memoryUnderLoad(cluster: Cluster): Promise<number[][]> {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'footprint.yaml');
  await writeFile(file, experiment);
  const running = cluster.galileo(['run', '--json', file]);
  const samples: number[][] = [];
  let ended = false;
  const outcome = running.finally(() => {
    ended = true;
  });
  await sleep((load / 2) * 1000);
  while (!ended) {
    samples.push(memories(cluster));
    await sleep(500);
  }
  const { code, stderr } = await outcome;
  if (code !== 0) throw new Error(`galileo run ended with ${code}:\n${stderr}`);
  return samples;
}

for (const program of ['redis-server', 'etcd']) {
  if (missing(program)) {
    process.stderr.write(`footprint: ${program} is missing; \`npm run setup:servers\` installs it\n`);
    process.exit(1);
  }
}
await using cluster = await startCluster({ from });
await cluster.ready();
const times = await startUpTimes(cluster);
await sleep(quick ? 1000 : 10_000);
const idle = memories(cluster);
const loaded = await memoryUnderLoad(cluster);

const results = members.flatMap((name, i) => {
  const started = times.get(name)!;
  const busy = loaded.map(sample => sample[i]!);
  const round = (value: number, digits: number) => Number(value.toFixed(digits));
  const row = (metric: string, values: readonly number[], digits: number) => ({
    ...{ case: name, metric, ours: round(median(values), digits) },
    range: [round(Math.min(...values), digits), round(Math.max(...values), digits)],
  });
  process.stderr.write(
    `${name.padEnd(14)} ready after ${median(started).toFixed(2)} s   idle ${idle[i]!.toFixed(0)} MB   at 200 req/s ${median(busy).toFixed(0)} MB\n`,
  );
  return [row('ready_s', started, 2), row('rss_idle_mb', [idle[i]!], 1), row('rss_200rps_mb', busy, 1)];
});
const machine = { cores: availableParallelism(), node: process.version, arch: process.arch, from };
process.stdout.write(`${JSON.stringify({ bench: 'footprint', machine, results })}\n`);
