import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExperiment, replicasOf } from '../src/index.ts';

const examples = new URL('../../../examples/', import.meta.url);

describe('examples/pi.yaml', () => {
  it('is an experiment that runs on one machine without any variable', async () => {
    const text = await readFile(new URL('pi.yaml', examples), 'utf8');
    const result = parseExperiment(text, { fileName: 'pi.yaml', runner: 'process' });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.environmentNames).toEqual([]);
    expect(result.spec).toMatchObject({ name: 'pi-profile', seed: 42, duration: 20, warmup: 2 });
    expect(replicasOf(result.spec.services[0]!).map(replica => [replica.name, replica.node, replica.weight])).toEqual([
      ['pi-0', 'node-a', 3],
      ['pi-1', 'node-b', 1],
    ]);
    expect(result.spec.workloads[0]!.arrival).toEqual({ kind: 'distribution', name: 'expovariate', parameters: [25] });
  });
});

describe('examples/templates.yaml', () => {
  it('is an experiment with rows from the file beside it', async () => {
    const text = await readFile(new URL('templates.yaml', examples), 'utf8');
    const readNamed = (name: string) => readFileSync(new URL(name, examples));
    const result = parseExperiment(text, { fileName: 'templates.yaml', runner: 'process', readFile: readNamed });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const [first, second] = result.spec.workloads.map(workload => workload.request);
    expect(first).toMatchObject({
      path: '/function/pi/digits?n={{row digits}}&request={{seq}}&dice={{random 1 6}}',
      templated: true,
      rows: { columns: ['digits', 'user'], order: 'sequential' },
    });
    expect(second).toMatchObject({ body: '{"user":"{{row user}}","order":["{{seq}}"]}', connections: 'per-request' });
    expect(second).toHaveProperty('rows.rows', expect.arrayContaining([['200', 'Bob, the second']]));
  });
});

describe('examples/closed-loop.yaml', () => {
  it('is a closed loop that runs on one machine without any variable', async () => {
    const text = await readFile(new URL('closed-loop.yaml', examples), 'utf8');
    const result = parseExperiment(text, { fileName: 'closed-loop.yaml', runner: 'process' });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.environmentNames).toEqual([]);
    expect(result.spec.workloads[0]!.arrival).toEqual({ kind: 'loop', concurrency: 4 });
  });
});

describe('examples/grpc.yaml', () => {
  it('is an experiment that runs on one machine without any variable', async () => {
    const text = await readFile(new URL('grpc.yaml', examples), 'utf8');
    const readNamed = (name: string) => readFileSync(new URL(name, examples));
    const result = parseExperiment(text, { fileName: 'grpc.yaml', runner: 'process', readFile: readNamed });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.environmentNames).toEqual([]);
    expect(result.spec.workloads[0]!.request).toEqual({
      protocol: 'grpc',
      method: 'examples.Hash/Sha256',
      message: '{"text":"galileo","rounds":300}',
      metadata: {},
      proto: { 'hash.proto': readNamed('apps/hash.proto').toString() },
      timeout: 5,
    });
  });
});

describe('examples/digits.yaml', () => {
  it('has its requests made by the example of an app', async () => {
    const text = await readFile(new URL('digits.yaml', examples), 'utf8');
    const result = parseExperiment(text, { fileName: 'digits.yaml', runner: 'process' });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const { app, request } = result.spec.workloads[0]!;
    expect([app!.name, request]).toEqual(['digits', undefined]);
    const { nextRequest } = await import(new URL('apps-client/digits/generator.ts', examples).href);
    const context = { parameters: app!.parameters, counter: 7, random: () => 0.5 };
    expect(nextRequest(context)).toMatchObject({ path: '/function/pi/digits', query: { n: 50 } });
    expect(nextRequest({ ...context, random: () => 0.1 })).toMatchObject({ query: { n: 500 } });
  });
});

describe('examples/apps/pi.ts', () => {
  let child: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const program = fileURLToPath(new URL('apps/pi.ts', examples));
    child = spawn(process.execPath, [program], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    url = `http://${/127\.0\.0\.1:\d+$/.exec(line)![0]}`;
  });
  afterAll(() => {
    child.kill('SIGKILL');
  });

  const answers: [why: string, path: string, status: number, text: string][] = [
    ['one digit', '/digits?n=1', 200, '3\n'],
    ['some digits', '/digits?n=20', 200, '3.1415926535897932384\n'],
    ['its health', '/healthz', 200, 'ok\n'],
    ['no number', '/digits', 400, 'n is ""; allowed: a whole number from 1 to 10000\n'],
    ['a bad number', '/digits?n=-3', 400, 'n is "-3"; allowed: a whole number from 1 to 10000\n'],
    ['too large a number', '/digits?n=10001', 400, 'n is "10001"; allowed: a whole number from 1 to 10000\n'],
    ['another path', '/digit?n=3', 404, 'nothing at /digit; there are /digits?n=200 and /healthz\n'],
  ];
  it.each(answers)('answers %s', async (_, path, status, text) => {
    const response = await fetch(url + path);
    expect([response.status, await response.text()]).toEqual([status, text]);
  });

  it('computes many digits', async () => {
    // The last ten of the first thousand decimals, from published tables.
    expect((await (await fetch(`${url}/digits?n=1001`)).text()).trimEnd().slice(-10)).toBe('2164201989');
  });

  it('ends on SIGTERM', async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
