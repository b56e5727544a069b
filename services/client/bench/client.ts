// What the load client takes, and how exact it is. Progress goes to stderr, the last line of stdout is the result as JSON.
// `--quick`: short, once. `--case NAME` and `--rounds N` choose.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgram, temporaryDirectory } from '@galileo/testkit';
import { bundle } from '../../../tools/bundle.ts';
import { type OpenLoad, type Outcome, startGenerator } from './generator.ts';
import { residentOf } from './process-figures.ts';
import { startTarget } from './target.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, case: { type: 'string' }, rounds: { type: 'string' } },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const duration = options.quick ? 3 : 10;

type Metrics = Readonly<Record<string, (outcome: Outcome) => number>>;
const exactness: Metrics = {
  release_error_p50_us: ({ releaseError }) => releaseError.quantile(0.5) * 1e6,
  release_error_p99_us: ({ releaseError }) => releaseError.quantile(0.99) * 1e6,
  achieved_over_intended: ({ intended, released }) => released / intended,
  cpu_us_per_request: ({ cpuPerRequest }) => cpuPerRequest,
};
const footprint: Metrics = { rss_mb: ({ resident }) => resident, cpu_percent: ({ cpuPercent }) => cpuPercent };

interface Case extends Omit<OpenLoad, 'host' | 'duration'> {
  readonly name: string;
  readonly metrics: Metrics;
}
const cases: readonly Case[] = [
  ...[1000, 5000, 10_000, 20_000].map(rate => ({
    ...{ name: `open-${rate / 1000}k`, clients: 16, rate, pacing: 'balanced' as const, metrics: exactness },
  })),
  ...[1000, 10_000].map(clients => ({
    ...{ name: `clients-${clients}`, clients, rate: clients, pacing: 'eco' as const, metrics: footprint },
  })),
];

const found = new Map<string, number[]>();
const note = (name: string, metric: string, value: number) => {
  const key = `${name} ${metric}`;
  found.set(key, [...(found.get(key) ?? []), Math.round(value * 1e5) / 1e5]);
  process.stderr.write(`${key} ${found.get(key)!.at(-1)}\n`);
};
const isWanted = (name: string) => options.case === undefined || options.case === name;

await using resources = new AsyncDisposableStack();
const directory = resources.use(await temporaryDirectory()).path;
const program = join(directory, 'client.mjs');
await bundle('client', program);
const target = resources.use(await startTarget());

/** What the process takes that does nothing, beyond a Node that does nothing. */
async function measureIdle(): Promise<void> {
  await using bare = await startProgram([process.execPath, '-e', 'setInterval(() => {}, 1e6)']);
  await using generator = await startGenerator(program, 'balanced', directory);
  await new Promise(resolve => setTimeout(resolve, 2000));
  note('idle', 'rss_over_bare_node_mb', generator.resident() - residentOf(bare.pid));
}

for (let round = 0; round < rounds; round++) {
  if (isWanted('idle')) await measureIdle();
  for (const { name, metrics, ...load } of cases) {
    if (!isWanted(name)) continue;
    await using generator = await startGenerator(program, load.pacing, directory);
    const outcome = await generator.run({ ...load, host: target.host, duration });
    if (outcome.failed > 0) throw new Error(`${name}: ${outcome.failed} requests failed`);
    for (const [metric, of] of Object.entries(metrics)) note(name, metric, of(outcome));
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const results = [...found].map(([key, values]) => {
  const [name, metric] = key.split(' ');
  const range = [Math.min(...values), Math.max(...values)];
  return { case: name, metric, ours: median(values), range, peers: {}, ratio: {} };
});
console.log(
  JSON.stringify({ bench: 'client', machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }, results }),
);
