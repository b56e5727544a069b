import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A service as a process of its own. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Its gRPC address. */
  readonly address: string;
  /** Asks it to end. @returns its exit code */
  end(): Promise<number | null>;
}

/** Starts a service's program on free ports, and waits for the line that tells its addresses. */
export async function startProgram(service: string, variables: Readonly<Record<string, string>>): Promise<Program> {
  const path = fileURLToPath(new URL(`../../${service}/src/main.ts`, import.meta.url));
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, galileo_grpc_listen: '127.0.0.1:0', ...variables };
  const child = spawn(process.execPath, [path], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const end = async () => {
    child.kill('SIGTERM');
    return (await exited)[0];
  };
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    const { msg, addresses } = JSON.parse(line) as { msg: string; addresses?: { grpc: string } };
    if (msg !== 'ready') continue;
    child.stdout.resume();
    return { pid: child.pid!, address: addresses!.grpc, end, [Symbol.asyncDispose]: async () => void (await end()) };
  }
  throw new Error(`${service} did not start: ${said.join('\n')}`);
}
