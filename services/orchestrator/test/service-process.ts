import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A service of this project as a process of its own. */
export interface ServiceProcess extends AsyncDisposable {
  readonly addresses: Readonly<Record<string, string>>;
}

/** Path of a service's program. */
export function programOf(service: string): string {
  return fileURLToPath(new URL(`../../${service}/src/main.ts`, import.meta.url));
}

/** Starts a service on free ports and waits for the line in which it says that it is ready. */
export async function startServiceProcess(name: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [programOf(name)], {
    env: { ...process.env, galileo_grpc_listen: '127.0.0.1:0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
  let output = '';
  const addresses = await new Promise<Record<string, string>>((resolve, reject) => {
    exited.then(() => reject(new Error(`${name} ended before it was ready: ${output}`)));
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const line = output.split('\n').find(text => text.includes('"msg":"ready"'));
      if (line !== undefined) resolve((JSON.parse(line) as { addresses: Record<string, string> }).addresses);
    });
  });
  return {
    addresses,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(late);
    },
  };
}
