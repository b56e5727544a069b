// A process that has a guard start one child with a grandchild, tells the pids, and waits to be killed.
import { startGuard } from '../src/guard-client.ts';

const [log, ...command] = process.argv.slice(2);
const guard = await startGuard();
const child = await guard.start({ command, directory: process.cwd(), environment: { PATH: process.env.PATH ?? '' }, log: log! });
process.stdout.write(`${JSON.stringify({ guard: guard.pid, child: child.pid })}\n`);
setInterval(() => {}, 1000);
