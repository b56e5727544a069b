// CPU microseconds and bytes per record of the spool, against plain files of lines on the same tmpfs, interleaved: appended
// one by one, and a batch at a time. Progress goes to stderr, the last line of stdout is the result as JSON. `--quick`: a tenth.
import { appendFileSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordKindName } from '@galileo/bus';
import { createLog } from '@galileo/service';
import { openSpool } from '../src/spool/spool.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 1 : 5;
const count = quick ? 20_000 : 200_000;
/** Records between two commits: what a producer of 20,000 records/s publishes in 5 ms. */
const perCommit = 100;

interface Input {
  readonly kind: RecordKindName;
  readonly channel: string;
  readonly line: string;
}

/** Samples of 60 metrics; channel and line are 107 bytes. */
const telemetry: Input[] = Array.from({ length: count }, (_, i) => ({
  kind: 'telemetry',
  channel: `telem/node-${i % 3}.example/container_cpu/pi-${i % 20}-container-0123456789abcdef012345`,
  line: `${(1_700_000_000 + i / 20_000).toFixed(7)} ${i * 1234.5678}`,
}));

const tokens = Array.from({ length: 16 }, (_, i) => (0x9e3779b97f4a7c15n * BigInt(i + 1)).toString(16).slice(-16));
/** Channel and line are 685 bytes. */
const traces: Input[] = Array.from({ length: count }, (_, i) => ({
  kind: 'trace',
  channel: 'galileo/results/traces',
  line: `${tokens[i % 16]}:${Math.floor(i / 16) + 1},worker-1:pi:${i % 16},pi,1700000000.1234567,1700000000.1234567,1700000000.2234567,200,127.0.0.1:8080,,{"Server": "${'y'.repeat(230)}"},${'x'.repeat(300)}`,
}));

const inMemory = statfsSync('/dev/shm', { bigint: false }).type === 0x01021994;
const root = mkdtempSync(join(inMemory ? '/dev/shm' : tmpdir(), 'galileo-bench-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
const log = createLog('bench', 'ERROR');

interface Cost {
  readonly cpu: number;
  readonly bytes: number;
}

function measure(records: readonly Input[], work: () => number): Cost {
  const before = process.cpuUsage();
  const bytes = work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / records.length, bytes: bytes / records.length };
}

let opened = 0;
function writeSpool(records: readonly Input[], read = false): Cost {
  using spool = openSpool({
    directory: join(root, 'spool'),
    producerId: `bench/node/${opened++}`,
    maxBytes: 1024 * 1024 * 1024,
    segmentBytes: 1024 * 1024,
    now: () => performance.timeOrigin / 1000 + performance.now() / 1000,
    log,
    onDropped() {
      throw new Error('the cap was reached');
    },
  });
  const append = () => {
    for (let i = 0; i < records.length; ) {
      for (const end = i + perCommit; i < end; i++) {
        const { kind, channel, line } = records[i]!;
        spool.append(kind, channel, line);
      }
      spool.commit();
    }
    return spool.bytes;
  };
  const written = measure(records, append);
  const result = read ? measure(records, () => [...spool.read()].length) : written;
  spool.remove();
  return result;
}

function writeLines(records: readonly Input[], perWrite: number): Cost {
  const path = join(root, 'lines');
  const cost = measure(records, () => {
    for (let i = 0; i < records.length; ) {
      let text = '';
      for (const end = i + perWrite; i < end; i++) text += `${records[i]!.channel} ${records[i]!.line}\n`;
      appendFileSync(path, text);
    }
    return statSync(path).size;
  });
  rmSync(path);
  return cost;
}

/** CPU of finding one 5-s bucket, or 100 counters, among 64 segments; microseconds per question. */
function repair(records: readonly Input[], ask: (i: number) => Parameters<ReturnType<typeof openSpool>['read']>[1]): number {
  using spool = openSpool({
    directory: join(root, 'spool'),
    producerId: `bench/node/${opened++}`,
    maxBytes: 1024 * 1024 * 1024,
    segmentBytes: 1024 * 1024,
    now: () => Date.now() / 1000,
    log,
    onDropped() {},
  });
  for (const { kind, channel, line } of records) spool.append(kind, channel, line);
  spool.commit();
  const questions = 10;
  let found = 0;
  const { cpu } = measure({ length: questions } as Input[], () => {
    for (let i = 0; i < questions; i++) for (const _ of spool.read(0, ask(i))) found++;
    return 0;
  });
  if (found === 0) throw new Error('nothing was found');
  spool.remove();
  return cpu;
}

const results: Record<string, number[]> = {};
const note = (name: string, value: number) => {
  results[name] ??= [];
  results[name].push(value);
  process.stderr.write(`${name}: ${value.toFixed(3)}\n`);
};

const inputs = { 'telemetry-100B': telemetry, 'trace-700B': traces };
for (let round = -1; round < rounds; round++) {
  // The first round warms up.
  const keep = round >= 0 ? note : () => {};
  for (const [name, records] of Object.entries(inputs)) {
    const spool = writeSpool(records);
    keep(`${name} ours`, spool.cpu);
    keep(`${name} bytes`, spool.bytes);
    keep(`${name} read`, writeSpool(records, true).cpu);
    keep(`${name} appendFile`, writeLines(records.slice(0, records.length / 10), 1).cpu);
    const batch = writeLines(records, perCommit);
    keep(`${name} appendFile-batch`, batch.cpu);
    keep(`${name} appendFile bytes`, batch.bytes);
  }
  keep(
    'repair-bucket',
    repair(telemetry, i => [{ kind: 'telemetry', node: `node-${i % 3}.example`, begin: 1_700_000_000 }]) / 1000,
  );
  keep('repair-counters', repair(traces, i => [{ kind: 'trace', token: tokens[i]!, counters: [1000, 1099] }]) / 1000);
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const round3 = (value: number) => Math.round(value * 1000) / 1000;
const of = (name: string) => results[name]!;
const row = (name: string, metric: string, ours: readonly number[], peers: Record<string, number>) => ({
  case: name,
  metric,
  ours: round3(median(ours)),
  range: [round3(Math.min(...ours)), round3(Math.max(...ours))],
  peers,
  ratio: Object.fromEntries(Object.entries(peers).map(([peer, value]) => [peer, round3(median(ours) / value)])),
});
const summary = Object.keys(inputs).flatMap(name => [
  row(name, 'cpu_us_per_record', of(`${name} ours`), {
    appendFile: round3(median(of(`${name} appendFile`))),
    'appendFile-batch': round3(median(of(`${name} appendFile-batch`))),
  }),
  row(name, 'bytes_per_record', of(`${name} bytes`), { appendFile: round3(median(of(`${name} appendFile bytes`))) }),
  row(name, 'read_cpu_us_per_record', of(`${name} read`), {}),
]);
summary.push(
  row('repair-bucket', 'cpu_ms', of('repair-bucket'), {}),
  row('repair-counters', 'cpu_ms', of('repair-counters'), {}),
);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
console.log(JSON.stringify({ bench: 'spool', machine, results: summary }));
