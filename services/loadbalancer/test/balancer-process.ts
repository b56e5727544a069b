import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { connect } from '@galileo/service';
import { until } from '@galileo/testkit';

const program = fileURLToPath(new URL('../bin/galileo-loadbalancer.mjs', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BalancerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly http: string;
  readonly grpc: string;
  readonly metrics: string | undefined;
  weigh(name: string, replicas: Readonly<Record<string, number>>): Promise<void>;
  /** Sends SIGTERM and waits for the end. */
  terminate(): Promise<Outcome>;
}

function start(
  env: Record<string, string>,
  args: readonly string[],
): { child: ChildProcess; outcome: Promise<Outcome>; stdout(): string } {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', chunk => {
    stdout += chunk;
  });
  child.stderr!.on('data', chunk => {
    stderr += chunk;
  });
  const outcome = new Promise<Outcome>(resolve => {
    child.on('close', code => resolve({ code, stdout, stderr }));
  });
  return { child, outcome, stdout: () => stdout };
}

/** Runs the program to its end. */
export const runBalancer = (env: Record<string, string>, ...args: string[]): Promise<Outcome> => start(env, args).outcome;

/** Starts the program on free ports and waits until it says that it is ready. */
export async function startBalancerProcess(env: Record<string, string> = {}): Promise<BalancerProcess> {
  const { child, outcome, stdout } = start(
    { galileo_grpc_listen: '127.0.0.1:0', galileo_lb_listen_host: '127.0.0.1', eb_go_lb_listen_port: '0', ...env },
    [],
  );
  const line = await until('ready line', () =>
    stdout()
      .split('\n')
      .find(text => text.includes('"msg":"ready"')),
  );
  const { addresses } = JSON.parse(line) as { addresses: { http: string; grpc: string; metrics?: string } };
  return {
    pid: child.pid!,
    http: addresses.http,
    grpc: addresses.grpc,
    metrics: addresses.metrics,
    async weigh(name, replicas) {
      using connection = connect(LoadBalancerDefinition, addresses.grpc);
      const list = Object.entries(replicas).map(([address, weight]) => ({ address, weight }));
      await connection.client.setWeights({ functions: [{ function: name, replicas: list }] });
    },
    terminate() {
      child.kill('SIGTERM');
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await outcome;
    },
  };
}
