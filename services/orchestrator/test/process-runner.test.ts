import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { startGuard } from '../src/guard-client.ts';
import { type ProcessPlan, startReplicas } from '../src/runners/process.ts';
import { runs } from './processes.ts';

const answering = `
const server = require('node:http').createServer((request, response) => {
  response.statusCode = request.url === '/ready' ? 204 : 500;
  response.end(JSON.stringify({ port: process.env.PORT, env: process.env, directory: process.cwd() }));
});
server.listen(process.env.PORT, '127.0.0.1');`;

/** What `answering` answers. */
interface Seen {
  port: string;
  env: Record<string, string>;
  directory: string;
}

function plan(name: string, script: string, more: Partial<ProcessPlan> = {}): ProcessPlan {
  return {
    name,
    service: 'app',
    node: 'node-a',
    zone: 'main',
    weight: 1,
    command: ['node', '-e', script],
    port: 'auto',
    environment: {},
    ready: { path: undefined, timeout: 20 },
    ...more,
  };
}

async function withRunner(plans: ProcessPlan[], signal = new AbortController().signal) {
  const directory = await temporaryDirectory();
  const guard = await startGuard();
  const ready = { count: 0 };
  const dispose = async () => {
    await guard[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  const environment = { ...process.env, galileo_token: 'hush', GALILEO_TOKEN: 'hush' };
  const options = { guard, directory: directory.path, logDirectory: directory.path, environment, host: '127.0.0.1' };
  const replicas = startReplicas(plans, { ...options, onReady: () => void ready.count++ }, signal);
  replicas.catch(() => {});
  return { replicas, ready, directory: directory.path, guard, [Symbol.asyncDispose]: dispose };
}

test('replicas get free ports, the directory, their variables and nothing of Galileo', async () => {
  const plans = [plan('app-0', answering, { environment: { COLOUR: 'red' } }), plan('app-1', answering)];
  await using runner = await withRunner(plans);
  const replicas = await runner.replicas;
  expect(runner.ready.count).toBe(2);
  expect(replicas.map(replica => replica.plan.name)).toEqual(['app-0', 'app-1']);
  expect(new Set(replicas.map(replica => replica.address)).size).toBe(2);
  const seen = (await (await fetch(`http://${replicas[0]!.address}/`)).json()) as Seen;
  expect(seen.port).toBe(replicas[0]!.address.split(':')[1]);
  expect(seen.directory).toBe(runner.directory);
  expect(seen.env.COLOUR).toBe('red');
  expect(Object.keys(seen.env).filter(name => name.toLowerCase().startsWith('galileo_'))).toEqual([]);
  await runner.guard[Symbol.asyncDispose]();
  expect(replicas.map(replica => replica.process!.pid).filter(runs)).toEqual([]);
});

test('a path is asked for until it is answered with 2xx', async () => {
  await using runner = await withRunner([plan('app-0', answering, { ready: { path: '/ready', timeout: 20 } })]);
  expect(await runner.replicas).toHaveLength(1);
});

test('a fixed port is taken as it is, and refused when another has it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const port = (server.address() as AddressInfo).port;
  {
    await using runner = await withRunner([plan('app-0', answering, { port })]);
    await expect(runner.replicas).rejects.toThrow(`replica app-0 can't have port ${port}: something listens on it already`);
  }
  await new Promise(resolve => server.close(resolve));
  await using runner = await withRunner([plan('app-0', answering, { port })]);
  expect((await runner.replicas)[0]!.address).toBe(`127.0.0.1:${port}`);
});

test.for([
  {
    what: 'never listens',
    script: 'for (let i = 1; i <= 30; i++) console.log("line " + i); setInterval(() => {}, 1000)',
    path: undefined,
    message:
      /^replica app-0 was not ready within 1 s \(nothing listens on 127\.0\.0\.1:\d+\); its last output:\n {2}\| line 11\n[\s\S]* {2}\| line 30$/,
  },
  {
    what: 'answers with an error',
    script: answering,
    path: '/health',
    message:
      /^replica app-0 was not ready within 1 s \(GET \/health of 127\.0\.0\.1:\d+ is answered with 500\); it had printed nothing$/,
  },
  {
    what: 'ends with a code',
    script: 'console.error("no database"); process.exit(7)',
    path: undefined,
    message: /^replica app-0 exited with code 7 after \d+\.\d s, before it was ready; its last output:\n {2}\| no database$/,
  },
  {
    what: 'is killed',
    script: 'process.kill(process.pid, "SIGKILL")',
    path: undefined,
    message: /^replica app-0 was killed by SIGKILL after \d+\.\d s, before it was ready; it had printed nothing$/,
  },
])('a replica that $what is told with its last lines', async ({ script, path, message }) => {
  await using runner = await withRunner([plan('app-0', script, { ready: { path, timeout: 1 } })]);
  await expect(runner.replicas).rejects.toThrow(message);
});

test('a program that does not exist is named', async () => {
  await using runner = await withRunner([plan('app-0', '', { command: ['no-such-program'] })]);
  await expect(runner.replicas).rejects.toThrow('no-such-program could not be started: spawn no-such-program ENOENT');
});

test('waiting ends with the signal and its reason', async () => {
  const abort = new AbortController();
  await using runner = await withRunner([plan('app-0', 'setInterval(() => {}, 1000)')], abort.signal);
  abort.abort(new Error('cancelled'));
  await expect(runner.replicas).rejects.toThrow('cancelled');
});
