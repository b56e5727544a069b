import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '@galileo/testkit';

/** Starts a service as a process, the way that its container will; it is killed in the end if it has not ended. */
export function startProcess(name: string, env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const program = fileURLToPath(new URL(`../../${name}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, galileo_grpc_listen: '127.0.0.1:0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', data => {
      output += data;
    });
  }
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    exited,
    /** Standard output and error. */
    output: () => output,
    /** Waits for a line of the log. */
    line: (message: string) =>
      until(`${name}'s line "${message}"`, () => {
        const line = output.split('\n').find(text => text.includes(`"msg":"${message}"`));
        return line === undefined ? undefined : (JSON.parse(line) as { addresses: { grpc: string } });
      }),
    /** Tells it to stop, and waits for its end. */
    terminate(): Promise<[number | null, NodeJS.Signals | null]> {
      child.kill('SIGTERM');
      return exited;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}
