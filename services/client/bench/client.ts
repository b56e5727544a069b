// What the load client takes, and how exact it is, beside wrk, hey and autocannon as far as they are installed. Progress goes to
// stderr, the last line of stdout is the result as JSON. `--quick`: short, once. `--case NAME` and `--rounds N` choose.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missing, startProgram, temporaryDirectory } from '@galileo/testkit';
import { bundle } from '../../../tools/bundle.ts';
import { type GeneratorOptions, type Load, type Outcome, startGenerator } from './generator.ts';
import { cpuOfPeer, installedPeers } from './peers.ts';
import { residentOf } from './process-figures.ts';
import { startTarget } from './target.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, case: { type: 'string' }, rounds: { type: 'string' } },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));

type Metrics = Readonly<Record<string, (outcome: Outcome) => number>>;
const cost: Metrics = { cpu_us_per_request: ({ cpuPerRequest }) => cpuPerRequest };
const exactness: Metrics = {
  release_error_p50_us: ({ releaseError }) => releaseError.quantile(0.5) * 1e6,
  release_error_p99_us: ({ releaseError }) => releaseError.quantile(0.99) * 1e6,
  achieved_over_intended: ({ intended, released }) => released / intended,
  ...cost,
};
const footprint: Metrics = { rss_mb: ({ resident }) => resident, cpu_percent: ({ cpuPercent }) => cpuPercent };

interface Case {
  readonly name: string;
  readonly load: Load;
  readonly pacing: GeneratorOptions['pacing'];
  readonly traced: boolean;
  readonly metrics: Metrics;
}
const closed = { load: { clients: 1, concurrency: 64 }, pacing: 'balanced', metrics: cost } as const;
const cases: readonly Case[] = [
  { name: 'closed-c64', ...closed, traced: false },
  { name: 'closed-c64-traced', ...closed, traced: true },
  ...[1000, 5000, 10_000, 20_000].map(rate => ({
    ...{
      name: `open-${rate / 1000}k`,
      load: { clients: 16, rate },
      pacing: 'balanced' as const,
      traced: true,
      metrics: exactness,
    },
  })),
  ...[1000, 10_000].map(clients => ({
    ...{ name: `clients-${clients}`, load: { clients, rate: clients }, pacing: 'eco' as const, traced: true, metrics: footprint },
  })),
];

const found = new Map<string, number[]>();
/** `by` is a peer's name, or `ours`. */
const note = (name: string, metric: string, by: string, value: number) => {
  const key = `${name} ${metric} ${by}`;
  found.set(key, [...(found.get(key) ?? []), Math.round(value * 1e5) / 1e5]);
  process.stderr.write(`${key} ${Math.round(value * 1000) / 1000}\n`);
};
const isWanted = (name: string) => options.case === undefined || options.case === name;

if (missing('nginx')) throw new Error('nginx is not in the PATH: it is what all load goes to (apt install nginx-light wrk hey)');
await using resources = new AsyncDisposableStack();
const directory = resources.use(await temporaryDirectory()).path;
const program = join(directory, 'client.mjs');
await bundle('client', program);
const target = resources.use(await startTarget());

/** What the process takes that does nothing, beyond a Node that does nothing. */
async function measureIdle(): Promise<void> {
  await using bare = await startProgram([process.execPath, '-e', 'setInterval(() => {}, 1e6)']);
  await using generator = await startGenerator({ program, pacing: 'balanced', traced: true, directory });
  await new Promise(resolve => setTimeout(resolve, 2000));
  note('idle', 'rss_over_bare_node_mb', 'ours', generator.resident() - residentOf(bare.pid));
}

async function measure({ name, load, pacing, traced, metrics }: Case): Promise<void> {
  await using generator = await startGenerator({ program, pacing, traced, directory });
  const outcome = await generator.run(target.host, load, options.quick ? 3 : 10);
  if (outcome.failed > 0) throw new Error(`${name}: ${outcome.failed} requests failed`);
  for (const [metric, of] of Object.entries(metrics)) note(name, metric, 'ours', of(outcome));
}

const isClosed = ({ name, load }: Case) => isWanted(name) && load.concurrency !== undefined;

async function measurePeers(): Promise<void> {
  for (const peer of installedPeers) {
    const cpu = await cpuOfPeer(peer, `http://${target.host}/`, options.quick ? 1 : 4);
    for (const { name } of cases.filter(isClosed)) note(name, 'cpu_us_per_request', peer.name, cpu);
  }
}

for (let round = 0; round < rounds; round++) {
  if (isWanted('idle')) await measureIdle();
  if (cases.some(isClosed)) await measurePeers();
  for (const one of cases) if (isWanted(one.name)) await measure(one);
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const names = new Set([...found.keys()].map(key => key.split(' ').slice(0, 2).join(' ')));
const results = [...names].map(key => {
  const [name, metric] = key.split(' ');
  const values = found.get(`${key} ours`)!;
  const ours = median(values);
  const peers = Object.fromEntries(
    installedPeers.flatMap(peer => {
      const theirs = found.get(`${key} ${peer.name}`);
      return theirs === undefined ? [] : [[peer.name, median(theirs)]];
    }),
  );
  const ratio = Object.fromEntries(
    Object.entries(peers).map(([peer, value]) => [peer, Math.round((1000 * ours) / value) / 1000]),
  );
  return { case: name, metric, ours, range: [Math.min(...values), Math.max(...values)], peers, ratio };
});
console.log(
  JSON.stringify({ bench: 'client', machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }, results }),
);
