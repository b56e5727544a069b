import { readFileSync } from 'node:fs';
import { type RedisServer, startUpstream } from '@galileo/testkit';
import { parseTrace, splitHeaders, type Trace } from '@galileo/wire';

/** A command that somebody sent to Redis, or (`operator`) what happened to a worker: `start w1`, `SIGKILL w1`. */
export interface Exchange {
  readonly from: 'controller' | 'worker' | 'operator';
  readonly argv: readonly string[];
}

export interface Transcript {
  readonly cases: ReadonlyMap<string, readonly Exchange[]>;
  /** Recorded client -> its description, as it stood in Redis. */
  readonly descriptions: ReadonlyMap<string, string>;
  /** Recorded worker -> its labels. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** A line of a recording. */
type Line =
  | { case: string; from: Exchange['from']; argv: string[] }
  | { client: string; description: string }
  | { worker: string; labels: Record<string, string> };

/** Reads a recording among the fixtures. */
export function loadTranscript(name: string): Transcript {
  const text = readFileSync(new URL(`fixtures/${name}.jsonl`, import.meta.url), 'utf8');
  const cases = new Map<string, Exchange[]>();
  const descriptions = new Map<string, string>();
  const labels = new Map<string, Record<string, string>>();
  for (const row of text.trim().split('\n')) {
    const line = JSON.parse(row) as Line;
    if ('client' in line) descriptions.set(line.client, line.description);
    else if ('worker' in line) labels.set(line.worker, line.labels);
    else cases.set(line.case, [...(cases.get(line.case) ?? []), { from: line.from, argv: line.argv }]);
  }
  return { cases, descriptions, labels };
}

/** In an order that the seed decides, by a small generator of numbers. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
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
    const config = JSON.parse(descriptions.get(trace.value.client)!)[2] as [string, null, { path?: string } | null];
    const headers = JSON.parse(splitHeaders(trace.value.headers).headers ?? '{}') as Record<string, string>;
    const type = headers['Content-Type'] ?? 'text/plain';
    const body = Buffer.from(trace.value.response ?? '', 'latin1');
    bodies.set(config[2]?.path ?? '/', { status: trace.value.status, type, body });
  }
  return bodies;
}

/** Starts a target that answers as the recorded one did; `asked` has the paths that were asked for. */
export async function startTarget(transcript: Transcript) {
  const bodies = bodiesOf(transcript);
  const asked = new Set<string>();
  const upstream = await startUpstream((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url!;
      asked.add(path);
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
  return { ...upstream, asked };
}

/** Follows what workers publish. */
export async function listenToWorkers(redis: RedisServer) {
  const subscriber = redis.client();
  const [done, lives, traces]: [string[], string[], Trace[]] = [[], [], []];
  const channel = (name: string) => `__eventbus:global:galileo.worker.api.${name}`;
  const events = ['WorkloadDoneEvent', 'RegisterWorkerEvent', 'UnregisterWorkerEvent'].map(channel);
  subscriber.on('message', (from: string, payload: string) => {
    if (from === events[0]) done.push(payload);
    else if (events.includes(from)) lives.push(payload);
    else {
      const trace = parseTrace(payload);
      if (trace.ok) traces.push(trace.value);
    }
  });
  await subscriber.subscribe(...events, 'galileo/results/traces');
  return { done, lives, traces };
}
