import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { missing, startRedis, startUpstream, until } from '@galileo/testkit';
import { parseTrace, splitHeaders, type Trace } from '@galileo/wire';
import { describe, expect, it } from 'vitest';
import { type Exchange, replayCase, type Transcript, type World } from './replay.ts';
import { startWorker } from './worker.ts';

/** A line of the recording. */
type Line = { case: string; from: 'controller' | 'worker'; argv: string[] } | { client: string; description: string };

function load(): Transcript {
  const text = readFileSync(new URL('fixtures/controller-transcript.jsonl', import.meta.url), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Line);
  const cases = new Map<string, Exchange[]>();
  const descriptions = new Map<string, string>();
  for (const line of lines) {
    if ('client' in line) descriptions.set(line.client, line.description);
    else cases.set(line.case, [...(cases.get(line.case) ?? []), { from: line.from, argv: line.argv }]);
  }
  return { cases, descriptions };
}

/** A small generator of numbers, for the order of the cases alone. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed;
  for (let i = result.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (i + 1);
    [result[i], result[other]] = [result[other]!, result[i]!];
  }
  return result;
}

/** Bodies of the recorded target, by path. The original stored UTF-8 without a charset as Latin-1; these are its bytes. */
function bodiesOf({ cases, descriptions }: Transcript): Map<string, { status: number; type: string; body: Buffer }> {
  const bodies = new Map<string, { status: number; type: string; body: Buffer }>();
  for (const { argv } of [...cases.values()].flat()) {
    if (argv[1] !== 'galileo/results/traces') continue;
    const trace = parseTrace(argv[2]!);
    if (!trace.ok || trace.value.status < 0) continue;
    const config = JSON.parse(descriptions.get(trace.value.client)!)[2] as [string, null, { path: string }];
    const headers = JSON.parse(splitHeaders(trace.value.headers).headers ?? '{}') as Record<string, string>;
    const type = headers['Content-Type'] ?? 'text/plain';
    bodies.set(config[2].path, { status: trace.value.status, type, body: Buffer.from(trace.value.response ?? '', 'latin1') });
  }
  return bodies;
}

describe.skipIf(missing('redis-server'))('recorded sessions of the original controller (needs redis-server)', () => {
  it('get the answers, events and keys that the original worker gave', { timeout: 110_000 }, async () => {
    const transcript = load();
    const seed = Number(process.env['TRANSCRIPT_SEED'] ?? randomInt(2 ** 31));
    const suffix = seed.toString(36).slice(-4);
    const [worker, service] = [`worker-${suffix}`, `service-${suffix}`];
    const bodies = bodiesOf(transcript);
    await using upstream = await startUpstream((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const path = request.url!;
        const known = bodies.get(path) ?? { status: 200, type: 'text/plain', body: Buffer.from('ok') };
        const names = ['content-type', 'x-a', 'content-length'];
        const echo = { method: request.method, path, body: Buffer.concat(chunks).toString() };
        const headers = Object.fromEntries(names.map(name => [name, request.headers[name]]));
        const body = path.startsWith('/echo') ? Buffer.from(JSON.stringify({ ...echo, headers })) : known.body;
        const fields = { Server: 'BaseHTTP/0.6 Python/3.11.2', 'Content-Type': known.type, 'X-Custom': 'a, b|c' };
        const reply = () => response.writeHead(known.status, { ...fields, 'Content-Length': body.length }).end(body);
        if (path === '/slow') setTimeout(reply, 500);
        else reply();
      });
    });
    await using redis = await startRedis();
    await using running = await startWorker({
      galileo_bus: 'redis',
      galileo_redis_host: redis.host,
      galileo_redis_port: String(redis.port),
      galileo_worker_name: worker,
      galileo_router_type: 'StaticRouter',
      galileo_router_static_host: `http://${upstream.address}`,
      galileo_trace_content: 'all',
    });
    const client = redis.client();
    await until('the registration', async () => (await client.sismember('galileo:workers', worker)) === 1);

    const subscriber = redis.client();
    const done: string[] = [];
    const registered: string[] = [];
    const traces: Trace[] = [];
    const channel = (name: string) => `__eventbus:global:galileo.worker.api.${name}`;
    await subscriber.subscribe(channel('WorkloadDoneEvent'), channel('RegisterWorkerEvent'), 'galileo/results/traces');
    subscriber.on('message', (from: string, payload: string) => {
      if (from === channel('WorkloadDoneEvent')) done.push(payload);
      else if (from === channel('RegisterWorkerEvent')) registered.push(payload);
      else {
        const trace = parseTrace(payload);
        if (trace.ok) traces.push(trace.value);
      }
    });

    const world: World = { client, worker, service, done, registered, traces, upstream: upstream.address };
    const counts = { sent: 0, compared: 0 };
    const order = shuffled([...transcript.cases.keys()], seed);
    for (const name of order) {
      try {
        const { sent, compared } = await replayCase(world, transcript, name);
        counts.sent += sent;
        counts.compared += compared;
      } catch (error) {
        throw new Error(`case ${name}, TRANSCRIPT_SEED=${seed}`, { cause: error });
      }
      await running.rpc.closeClients({});
      await client.publish(channel('StartTracingCommand'), '[]');
    }
    await until('no clients to be left', async () => (await client.keys('galileo:client:*')).length === 0);
    expect(await client.exists(`galileo:worker:${worker}:clients`)).toBe(0);
    console.log(
      `TRANSCRIPT_SEED=${seed}: ${order.length} cases, ${counts.sent} messages replayed, ${counts.compared} answers, events, traces and keys compared`,
    );
    expect(order.length).toBe(28);
    expect(counts.compared).toBeGreaterThan(200);
  });
});
