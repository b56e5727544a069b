import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Root of the project, where the commands of the tests' experiments start from. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Outcome {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** What it has written to stderr so far. */
  stderr(): string;
  readonly outcome: Promise<Outcome>;
}

/** Starts the `galileo` command as a process, as a person would, without anything of this environment that configures it. */
export function startGalileo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('galileo_') && name !== 'FORCE_COLOR');
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: signal ?? code, stdout, stderr }));
  });
  return { child, stderr: () => stderr, outcome };
}

/** Runs a `galileo` command to its end. */
export function galileo(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome> {
  return startGalileo(args, env).outcome;
}
