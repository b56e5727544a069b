import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';
import { programDirectory, unwatch, watch } from './watchdog.ts';

/** How a program ended: one of the two is null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  /** All that it gets of an environment besides this process's PATH, HOME and XDG_RUNTIME_DIR, which may be overridden here. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Working directory; default: a directory of its own that is removed on disposal. */
  readonly directory?: string;
  /** File that its output is appended to, and that stays; default: one that is removed on disposal. */
  readonly log?: string;
}

/** A child in a process group of its own. Disposing it kills the group. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly directory: string;
  /** Resolves when the program itself has ended; what it left behind in its process group is killed then. */
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** Standard output and standard error so far. */
  output(): string;
  /**
   * Waits until `condition` finds something in the output, at most `timeout` seconds (10).
   * @throws Error with the end of the output if that takes longer, or if the program ends without it.
   */
  until<T>(what: string, condition: (output: string) => T, timeout?: number): Promise<NonNullable<T>>;
  /** Waits for output that matches, in the same way. */
  untilOutput(pattern: string | RegExp, timeout?: number): Promise<RegExpMatchArray>;
  /** Sends a signal to the process group (default SIGKILL). Resolves when the program has ended: await it only for signals that end it. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Stops the process group (SIGSTOP): it keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
}

/**
 * Starts a program that ends with this process at the latest, even when this process is killed.
 * @throws Error if it can't be started.
 */
export async function startProgram(command: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const own = programDirectory();
  const directory = options.directory ?? own.path;
  const log = options.log ?? join(own.path, 'output.log');
  const file = openSync(log, 'a');
  // Standard output is the file itself: what a killed program has written is there, and nothing slows it down.
  const child = spawn(command[0]!, command.slice(1), {
    cwd: directory,
    env: { ...inherited(), ...options.environment },
    detached: true,
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  const { pid } = child;
  if (pid === undefined) {
    const cause = await new Promise(resolve => child.once('error', resolve));
    own.remove();
    throw new Error(`${command[0]} could not be started in ${directory}`, { cause });
  }
  watch(pid);
  let exit: Exit | undefined;
  const exited = new Promise<Exit>(resolve => {
    child.on('exit', (code, signal) => {
      exit = { code, signal };
      signalGroup(pid, 'SIGKILL');
      unwatch(pid);
      resolve(exit);
    });
  });
  const output = () => readFileSync(log, 'utf8');
  const signal = (name: NodeJS.Signals) => {
    if (exit === undefined) signalGroup(pid, name);
  };

  async function find<T>(what: string, condition: (output: string) => T, timeout = 10): Promise<NonNullable<T>> {
    const name = command.join(' ');
    const explain = (problem: string) => new Error(`${problem}; its output ends:\n${output().slice(-3000)}`);
    const found = await until(
      `${what} of ${name}`,
      () => {
        // Asked before the output is read: nothing can come after the end.
        const ended = exit;
        const value = condition(output());
        return value ? { value } : ended;
      },
      timeout,
    ).catch(error => {
      throw explain((error as Error).message);
    });
    if ('value' in found) return found.value as NonNullable<T>;
    throw explain(`${name} ended (${found.signal ?? `exit code ${found.code}`}) without ${what}`);
  }

  return {
    pid,
    directory,
    exited,
    get running() {
      return exit === undefined;
    },
    output,
    until: find,
    untilOutput(pattern, timeout) {
      const expression = typeof pattern === 'string' ? new RegExp(pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')) : pattern;
      return find(`output ${pattern}`, text => text.match(expression), timeout);
    },
    kill(name = 'SIGKILL') {
      signal(name);
      return exited;
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async [Symbol.asyncDispose]() {
      signal('SIGKILL');
      await exited;
      own.remove();
    },
  };
}

/** What of this process's environment a program needs; nothing else of it must matter to a test. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'XDG_RUNTIME_DIR'] as const;
  return Object.fromEntries(names.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // Nothing of it is left, which macOS reports as EPERM while a zombie waits for its parent.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
