// CPU microseconds of this process per message of 720 bytes, against ioredis on the same Redis, interleaved: following a
// channel, and publishing to it. Progress goes to stderr, the last line of stdout is the result as JSON. `--quick`: a tenth.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { createLog } from '@galileo/service';
import { missing, startRedis, until } from '@galileo/testkit';
import { Redis } from 'ioredis';
import { openRedisPublisher, openRedisReader } from '../src/index.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 1 : 5;
const messages = quick ? 20_000 : 200_000;
const channel = 'galileo/results/traces';
const line = `TRACE,${'0123456789abcdef'.repeat(45)}`.slice(0, 720);
/** Lines that are published in one turn of the event loop. */
const perTurn = 100;

if (missing('redis-server')) {
  console.log('redis-server is not in the PATH: there is nothing to measure with');
  process.exit(1);
}

/** A process of its own that publishes `messages` lines as fast as Redis takes them. */
const pump = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  const frame = '*3\\r\\n$7\\r\\nPUBLISH\\r\\n$${channel.length}\\r\\n${channel}\\r\\n$${line.length}\\r\\n${line}\\r\\n';
  const chunk = Buffer.from(frame.repeat(100));
  let left = ${messages} / 100, open = 0;
  const more = () => { while (left > 0 && open < 500) { left--; open += 100; socket.write(chunk); } };
  socket.on('data', data => {
    for (const byte of data) if (byte === 10) open--;
    if (left === 0 && open === 0) socket.destroy(); else more();
  });
  more();
`;

async function cpuPerMessage(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / messages;
}

async function pumpAll(port: number, arrived: () => boolean): Promise<void> {
  const child = spawn(process.execPath, ['-e', pump, String(port)], { stdio: ['ignore', 'inherit', 'inherit'] });
  await once(child, 'exit');
  await until('all messages', arrived, 30);
}

const results: Record<string, { ours: number[]; ioredis: number[] }> = {};
const note = (name: string, who: 'ours' | 'ioredis', value: number) => {
  results[name] ??= { ours: [], ioredis: [] };
  results[name][who].push(value);
  process.stderr.write(`${name} ${who}: ${value.toFixed(2)} us\n`);
};

// Without the limit at which Redis drops a subscriber that falls behind: ioredis does.
await using server = await startRedis({ config: ['client-output-buffer-limit pubsub 0 0 0'] });
const redis = { host: server.host, port: server.port };
const log = createLog('bench', 'ERROR');

async function readOurs(): Promise<number> {
  let count = 0;
  let bytes = 0;
  await using reader = openRedisReader({
    redis,
    log,
    patterns: ['galileo/*'],
    onMessages: batch => {
      count += batch.length;
      for (const message of batch) bytes += message.line.length;
    },
  });
  await reader.subscribed();
  const cost = await cpuPerMessage(() => pumpAll(server.port, () => count >= messages));
  if (bytes !== messages * line.length) throw new Error(`${bytes} bytes came, expected ${messages * line.length}`);
  return cost;
}

async function readIoredis(): Promise<number> {
  let count = 0;
  let bytes = 0;
  const client = new Redis({ ...redis, protocol: 2 });
  await client.psubscribe('galileo/*');
  client.on('pmessage', (_pattern: string, _channel: string, text: string) => {
    count++;
    bytes += text.length;
  });
  const cost = await cpuPerMessage(() => pumpAll(server.port, () => count >= messages));
  client.disconnect();
  if (bytes !== messages * line.length) throw new Error(`${bytes} bytes came, expected ${messages * line.length}`);
  return cost;
}

const turn = () => new Promise(resolve => setImmediate(resolve));

async function publishOurs(): Promise<number> {
  await using publisher = openRedisPublisher({ redis, log, producerId: 'bench/node/1' });
  publisher.publish('trace', channel, line);
  await publisher.flush();
  return await cpuPerMessage(async () => {
    for (let sent = 0; sent < messages; sent += perTurn) {
      for (let i = 0; i < perTurn; i++) publisher.publish('trace', channel, line);
      await turn();
      if (sent % 10_000 === 0) await publisher.flush();
    }
    await publisher.flush();
    if (publisher.lost.trace > 0) throw new Error(`${publisher.lost.trace} lines are lost`);
  });
}

async function publishIoredis(): Promise<number> {
  const client = new Redis({ ...redis, protocol: 2 });
  await client.ping();
  const cost = await cpuPerMessage(async () => {
    let open: Promise<unknown>[] = [];
    for (let sent = 0; sent < messages; sent += perTurn) {
      const pipeline = client.pipeline();
      for (let i = 0; i < perTurn; i++) pipeline.publish(channel, line);
      open.push(pipeline.exec());
      await turn();
      if (sent % 10_000 === 0) {
        await Promise.all(open);
        open = [];
      }
    }
    await Promise.all(open);
  });
  client.disconnect();
  return cost;
}

for (let round = -1; round < rounds; round++) {
  // The first round warms up.
  const keep = round >= 0 ? note : () => {};
  keep('read', 'ours', await readOurs());
  keep('read', 'ioredis', await readIoredis());
  keep('publish', 'ours', await publishOurs());
  keep('publish', 'ioredis', await publishIoredis());
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const round2 = (value: number) => Math.round(value * 100) / 100;
const summary = Object.entries(results).map(([name, { ours, ioredis }]) => ({
  case: `${name}-720B`,
  metric: 'cpu_us_per_message',
  ours: round2(median(ours)),
  range: [round2(Math.min(...ours)), round2(Math.max(...ours))],
  peers: { ioredis: round2(median(ioredis)) },
  ratio: { ioredis: round2(median(ours) / median(ioredis)) },
}));
console.log(
  JSON.stringify({
    bench: 'bus-redis',
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version },
    results: summary,
  }),
);
