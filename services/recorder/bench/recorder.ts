// What the recorder takes: telemetry and traces into SQLite, and a store that is slower than what is offered. Progress goes to
// stderr, the last line of stdout is the result as JSON. `--quick`: a tenth or less, once. `--case NAME` and `--rounds N` choose,
// `--profile DIR` keeps CPU profiles of all processes there.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { missing, startRedis, temporaryDirectory } from '@galileo/testkit';
import type { Bus } from './messages.ts';
import { bundlePrograms, type Outcome, run } from './run.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'string' },
    case: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const part = options.quick ? 10 : 1;

const perRecord = (cpu: number, { stored }: Outcome) => cpu / stored;
const rateMetrics: Readonly<Record<string, (outcome: Outcome) => number>> = {
  records_per_second: ({ stored, seconds }) => stored / seconds,
  cpu_us_per_record: outcome => perRecord(outcome.recorderCpu, outcome),
  producers_cpu_us_per_record: outcome => perRecord(outcome.producerCpu, outcome),
  rss_mb: ({ peakRss }) => peakRss / 1e6,
};
const slowMetrics: Readonly<Record<string, (outcome: Outcome) => number>> = {
  lost: ({ lost }) => lost,
  rss_mb: ({ peakRss }) => peakRss / 1e6,
  drain_seconds: ({ drainSeconds }) => drainSeconds,
};

const results: Record<string, Record<string, number[]>> = {};
const round2 = (value: number) => Math.round(value * 100) / 100;
const note = (name: string, metrics: Readonly<Record<string, (outcome: Outcome) => number>>, outcome: Outcome) => {
  const noted = results[name] ?? {};
  results[name] = noted;
  const said: string[] = [];
  for (const [metric, of] of Object.entries(metrics)) {
    const value = round2(of(outcome));
    noted[metric] = [...(noted[metric] ?? []), value];
    said.push(`${metric} ${value}`);
  }
  const others = `others took ${Math.round(100 * outcome.others)} % of the machine`;
  process.stderr.write(`${name}: ${said.join(', ')}; ${others}\n`);
};

await using resources = new AsyncDisposableStack();
const programs = await bundlePrograms(resources.use(await temporaryDirectory()).path);
const redis = missing('redis-server') ? undefined : resources.use(await startRedis());
if (redis === undefined) process.stderr.write('redis-server is not in the PATH: slow-store is left out\n');
const overRedis: Bus | undefined = redis && { name: 'redis', redis: { host: redis.host, port: redis.port } };
/** What the rates are measured over: `direct` holds producers back, while over Redis they would outrun the recorder. */
const rateBus: Bus = { name: 'direct' };
const wanted = (name: string) => options.case === undefined || options.case === name;
const profiles = options.profile;

for (let round = 0; round < rounds; round++) {
  if (wanted('telemetry-sqlite')) {
    const load = { kind: 'telemetry', records: 2_000_000 / part } as const;
    note('telemetry-sqlite', rateMetrics, await run({ programs, bus: rateBus, load, warmUp: 100_000, profiles }));
  }
  if (wanted('traces-sqlite')) {
    const load = { kind: 'trace', records: 400_000 / part } as const;
    note('traces-sqlite', rateMetrics, await run({ programs, bus: rateBus, load, warmUp: 20_000, profiles }));
  }
  if (wanted('slow-store') && overRedis !== undefined) {
    const load = { kind: 'telemetry', records: 1_800_000 / part / (options.quick ? 2 : 1), perSecond: 30_000 } as const;
    note('slow-store', slowMetrics, await run({ programs, bus: overRedis, load, warmUp: 0, rowsPerSecond: 15_000, profiles }));
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const summary = Object.entries(results).flatMap(([name, metrics]) =>
  Object.entries(metrics).map(([metric, values]) => ({
    ...{ case: name, metric, ours: median(values), range: [Math.min(...values), Math.max(...values)], peers: {}, ratio: {} },
  })),
);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
console.log(JSON.stringify({ bench: 'recorder', machine, results: summary }));
