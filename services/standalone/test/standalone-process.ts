import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrchestratorDefinition } from '@galileo/proto/orchestrator';
import { type Connection, connect } from '@galileo/service';
import { until } from '@galileo/testkit';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface State {
  readonly address: string;
  readonly token: string;
  readonly pid: number;
}

/** A standalone as a child; its stdin is a pipe. */
export interface Standalone extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it has printed. */
  output(): string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Waits until it can be joined. */
  state(): Promise<State>;
  connect(): Promise<Connection<typeof OrchestratorDefinition>>;
}

export function stateFile(directory: string): string {
  return join(directory, 'standalone.json');
}

/** Starts standalone on a data directory. */
export function startStandalone(directory: string, environment: Record<string, string> = {}): Standalone {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, galileo_data_dir: directory, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const texts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => texts.push(text));
  const ended = new Promise<number | string>(resolve => child.once('exit', (code, signal) => resolve(code ?? signal!)));
  const state = () =>
    until(
      'standalone can be joined',
      async () => {
        const found = JSON.parse(await readFile(stateFile(directory), 'utf8')) as State;
        return found.pid === child.pid ? found : undefined;
      },
      20,
    );
  return {
    child,
    output: () => texts.join(''),
    ended,
    state,
    async connect() {
      const { address, token } = await state();
      return connect(OrchestratorDefinition, address, { credentials: { token } });
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** An application with one replica that prints its pid, and a client that calls it 50 times a second. */
export function experimentFile(duration: string): string {
  const script =
    "console.log('pid', process.pid); require('node:http').createServer((_, r) => r.end()).listen(process.env.PORT, '127.0.0.1')";
  return `name: small
seed: 1
duration: ${duration}
services:
  - name: app
    process: { command: [node, -e, ${JSON.stringify(script)}] }
workloads:
  - service: app
    request: { path: /function/app }
    arrival: { constant: 0.02 }
telemetry: { period: 200ms }
`;
}

/** Does a process run? One that has ended and waits to be reaped does not. */
export async function runs(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? process.platform !== 'linux' : stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
}

/** Pids of an experiment's processes, from what they have printed. */
export async function childrenOf(directory: string, experimentId: string): Promise<number[]> {
  const names = ['app-0', 'loadbalancer', 'client-0'];
  return Promise.all(
    names.map(async name => {
      const log = await readFile(join(directory, 'logs', experimentId, `${name}.log`), 'utf8');
      const pid = Number(/"?pid"?[ :](\d+)/.exec(log)?.[1]);
      if (!(pid > 0)) throw new Error(`${name} has not printed its pid: ${log}`);
      return pid;
    }),
  );
}
