import { userInfo } from 'node:os';
import { runCli } from './cli.ts';
import { listenForInterrupts } from './interrupts.ts';
import { createTerminal } from './terminal.ts';

/** A user id without an entry has no name: containers run so. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? '';
  }
}

const code = await runCli(process.argv.slice(2), {
  terminal: createTerminal(process.stdout, process.stderr, process.env),
  env: process.env,
  interrupts: listenForInterrupts(process),
  directory: process.cwd(),
  user: userName(),
});
// What was written is flushed before the process ends; nothing that may still be open shall keep it.
await new Promise<void>(resolve => process.stdout.write('', () => resolve()));
process.exit(code);
