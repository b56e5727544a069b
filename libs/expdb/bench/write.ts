// Rows per second through the store (with the hand-over to its thread): write() in batches of 1,000, then reading and counting.
// Progress goes to stderr, the last line of stdout is the result as JSON. `--quick` writes a tenth.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type RecordBatch } from '../src/index.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 1 : 5;
const batches = quick ? 20 : 200;
const batchSize = 1000;
const empty: RecordBatch = { telemetry: [], traces: [], events: [], deadLetters: [], clockOffsets: [], recordings: [] };
const expId = '202601020304-ab12';

const telemetryBatch = (n: number): RecordBatch => ({
  ...empty,
  telemetry: Array.from({ length: batchSize }, (_, i) => ({
    expId,
    node: `node-${i % 10}`,
    metric: `metric-${Math.floor(i / 10) % 20}`,
    subsystem: i % 2 === 0 ? null : 'eth0',
    timestamp: 1700000000 + (n * batchSize + i - (i % 200)) / 400,
    value: i * 1.1,
  })),
});

const body = 'x'.repeat(300);
const headers = `{"Server": "${'y'.repeat(250)}"}`;
const tokens = Array.from({ length: 64 }, (_, i) => (0x9e3779b97f4a7c15n * BigInt(i + 1)).toString(16).slice(-16));
const traceBatch = (n: number): RecordBatch => ({
  ...empty,
  traces: Array.from({ length: batchSize }, (_, i) => {
    const number = n * batchSize + i;
    const created = 1700000000 + number / 10_000;
    return {
      requestId: `${tokens[i % tokens.length]}:${Math.floor(number / tokens.length) + 1}`,
      client: `worker-1:pi:${i % tokens.length}`,
      service: 'pi',
      created,
      sent: created + 0.0001,
      done: created + 0.01,
      status: 200,
      server: '127.0.0.1:8080',
      expId,
      headers,
      response: body,
      details: { released: created, connected: created, firstByte: created, error: null, bytes: 300, replica: '10.0.0.1:4001' },
    };
  }),
});

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const results: Record<string, number[]> = {};
const note = (name: string, value: number) => {
  results[name] = [...(results[name] ?? []), value];
  process.stderr.write(`${name}: ${value.toFixed(0)}\n`);
};
async function timed(work: () => Promise<void>): Promise<{ wall: number; main: number }> {
  const begin = performance.now();
  const busy = performance.eventLoopUtilization();
  await work();
  const wall = (performance.now() - begin) / 1000;
  return { wall, main: performance.eventLoopUtilization(busy).utilization * wall };
}

for (let round = 0; round < rounds; round++) {
  const directory = await mkdtemp(join(tmpdir(), 'galileo-bench-'));
  try {
    await using store = await openStore({ path: join(directory, 'galileo.sqlite') });
    for (const [kind, make] of [
      ['telemetry', telemetryBatch],
      ['traces', traceBatch],
    ] as const) {
      const made = Array.from({ length: batches }, (_, n) => make(n));
      // Two under way, as a recorder has that collects a batch while another is being written.
      const { wall, main } = await timed(async () => {
        let previous: Promise<void> = Promise.resolve();
        for (const each of made) {
          const current = store.write(each);
          await previous;
          previous = current;
        }
        await previous;
      });
      note(`write_${kind}_rows_per_s`, (batches * batchSize) / wall);
      note(`write_${kind}_main_thread_ns_per_row`, (main / (batches * batchSize)) * 1e9);
    }
    let rows = 0;
    const reading = await timed(async () => {
      for await (const chunk of store.traces(expId)) rows += chunk.length;
    });
    note('read_traces_rows_per_s', rows / reading.wall);
    const counting = await timed(async () => {
      await store.counts(expId);
    });
    note('counts_ms', counting.wall * 1000);
    note('file_mb', (await stat(store.path)).size / 1e6);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
const summary = Object.entries(results).map(([metric, values]) => ({
  case: 'sqlite-1000-row-batches',
  metric,
  ours: Math.round(median(values)),
  range: [Math.round(Math.min(...values)), Math.round(Math.max(...values))],
  peers: {},
  ratio: {},
}));
console.log(JSON.stringify({ bench: 'expdb', machine, results: summary }));
