import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that burns `busy` of each 100 ms, and answers each line on stdin with the CPU seconds that it has used. */
const program = `
  const busy = Number(process.argv[1]);
  setInterval(() => { const end = performance.now() + busy; while (performance.now() < end); }, 100);
  process.stdin.on('data', () => { const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6); });
  process.stdin.on('end', () => process.exit());
  console.log('started');
`;

export interface Burner extends AsyncDisposable {
  readonly pid: number;
  /** CPU seconds as it measures them itself. */
  used(): Promise<number>;
  /** Ends it and waits until it has been waited for. */
  end(): Promise<void>;
}

/** @param busy ms of each 100 ms */
export async function startBurner(busy: number): Promise<Burner> {
  const child: ChildProcess = spawn(process.execPath, ['-e', program, String(busy)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  await lines.next();
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    pid: child.pid!,
    async used() {
      child.stdin!.write('\n');
      return Number((await lines.next()).value);
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}
