import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { logTail } from './log-tail.ts';

export interface StartOptions {
  /** Command and arguments. */
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** File that its stdout and stderr are appended to. */
  readonly logFile: string;
}

/** A standalone that this process has started. */
export interface StandaloneProcess {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined;
  /** How it ended, in words; undefined while it runs. */
  readonly ended: string | undefined;
  /** Last lines that it has written. */
  tail(lines: number): Promise<string>;
  /** Ends the pipe to its stdin: it then stops as soon as no experiment is active. */
  release(): void;
  /** Asks it to stop whatever it does. */
  terminate(): void;
  /** Waits until it has ended. False if it hasn't after `timeout` seconds, or when `signal` aborts. */
  waitForEnd(timeout: number, signal: AbortSignal | undefined): Promise<boolean>;
}

/**
 * Starts a standalone in a session of its own, so that the terminal's Ctrl-C doesn't reach it. Its stdin is a pipe that ends when
 * this process ends, however that happens.
 */
export function startStandalone(options: StartOptions): StandaloneProcess {
  const [command = '', ...args] = options.program;
  const { env, cwd, logFile } = options;
  const log = openSync(logFile, 'a', 0o600);
  const begin = fstatSync(log).size;
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['pipe', log, log] });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', error => {
    ended ??= `can't be started: ${error.message}`;
  });
  child.once('exit', (code, signal) => {
    ended ??= signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  });
  // Nothing is ever written to the pipe; if it breaks, the exit says so.
  child.stdin?.on('error', () => {});
  return {
    pid: child.pid,
    get ended() {
      return ended;
    },
    tail: lines => logTail(logFile, begin, lines),
    release: () => child.stdin?.end(),
    terminate() {
      child.stdin?.end();
      child.kill('SIGTERM');
    },
    async waitForEnd(timeout, signal) {
      const limit = AbortSignal.timeout(timeout * 1000);
      const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
      // Rejects when it is aborted; what counts is whether the child has ended by then.
      if (ended === undefined) await once(child, 'exit', { signal: either }).catch(() => {});
      child.unref();
      return ended !== undefined;
    },
  };
}
