import { spawn } from 'node:child_process';
import { applicationEnvironment } from './child-environment.ts';
import type { GuardReport, GuardRequest } from './guard-protocol.ts';

/** How a child ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A child that the guard has started. */
export interface GuardedProcess {
  readonly pid: number;
  /** File with its output. */
  readonly log: string;
  /** Resolves when the child itself has ended. */
  readonly exited: Promise<Exit>;
  /** Ends its process group: SIGTERM, and SIGKILL to what is left after `grace` seconds. Resolves when none is left. */
  stop(grace: number): Promise<void>;
}

interface StartOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** File that stdout and stderr are appended to. */
  readonly log: string;
}

/** The guard as the orchestrator sees it. Disposing it ends every child that is left, then the guard. */
export interface Guard extends AsyncDisposable {
  readonly pid: number;
  /** Starts a child in a process group of its own. @throws StartError */
  start(options: StartOptions): Promise<GuardedProcess>;
  /** Resolves with a GuardLostError if the guard dies before it is disposed; its children have been killed by then. */
  readonly lost: Promise<GuardLostError>;
}

/** A program could not be started. */
export class StartError extends Error {
  constructor(command: readonly string[], reason: string) {
    super(`${command.join(' ')} could not be started: ${reason}`);
    this.name = 'StartError';
  }
}

/** The guard process has died, and the children with it. */
export class GuardLostError extends Error {
  constructor(exit: Exit, survivors: readonly string[]) {
    const rest = survivors.length === 0 ? '' : `, except ${survivors.join(', ')}`;
    super(`the guard process was lost (${describeExit(exit)}); its children were killed${rest}`);
    this.name = 'GuardLostError';
  }
}

/** `exited with code 3`, `killed by SIGKILL`. */
export function describeExit(exit: Exit): string {
  return exit.signal === null ? `exited with code ${exit.code}` : `killed by ${exit.signal}`;
}

interface Child {
  readonly options: StartOptions;
  readonly started: PromiseWithResolvers<GuardedProcess>;
  readonly exited: PromiseWithResolvers<Exit>;
  readonly gone: PromiseWithResolvers<void>;
  pid: number | undefined;
}

/** Starts the guard process. */
export async function startGuard(): Promise<Guard> {
  // The bundler puts guard.ts, bundled, as a data: URL in place of this expression.
  const program = new URL('./guard.ts', import.meta.url);
  const guard = spawn(process.execPath, ['-e', 'import(process.argv[1])', program.href], {
    detached: true,
    // Its children are given theirs one by one; secrets need not stand in one more process.
    env: applicationEnvironment(process.env, {}),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const children = new Map<number, Child>();
  const lost = withResolvers<GuardLostError>();
  const ended = withResolvers<void>();
  let nextId = 1;
  let closing = false;

  const request = (message: GuardRequest) => guard.send(message, () => {});

  guard.on('message', (message: GuardReport) => {
    const child = children.get(message.id);
    if (child === undefined) return;
    if (message.type === 'started') {
      child.pid = message.pid;
      child.started.resolve(guarded(message.id, child, message.pid));
    } else if (message.type === 'refused') {
      children.delete(message.id);
      child.started.reject(new StartError(child.options.command, message.reason));
      child.exited.resolve({ code: null, signal: null });
      child.gone.resolve();
    } else if (message.type === 'exited') child.exited.resolve({ code: message.code, signal: message.signal });
    else {
      children.delete(message.id);
      child.gone.resolve();
    }
  });

  function guarded(id: number, child: Child, pid: number): GuardedProcess {
    return {
      pid,
      log: child.options.log,
      exited: child.exited.promise,
      stop(grace) {
        if (children.has(id)) request({ type: 'stop', id, grace });
        return child.gone.promise;
      },
    };
  }

  /** Without the guard nobody else ends the children that it had reported and not yet seen go. */
  function killOrphans(exit: Exit): void {
    const survivors: string[] = [];
    for (const { pid } of children.values()) {
      const problem = pid === undefined ? undefined : killGroup(pid);
      if (problem !== undefined) survivors.push(`process group ${pid} (${problem})`);
    }
    // Told first: it is the cause of what the children are told to have died of.
    if (!closing) lost.resolve(new GuardLostError(exit, survivors));
    for (const child of children.values()) {
      if (child.pid === undefined) child.started.reject(new StartError(child.options.command, 'the guard process was lost'));
      child.exited.resolve({ code: null, signal: 'SIGKILL' });
      child.gone.resolve();
    }
    children.clear();
  }

  guard.on('exit', (code, signal) => {
    killOrphans({ code, signal });
    ended.resolve();
  });

  await new Promise<void>((resolve, reject) => guard.once('spawn', resolve).once('error', reject));
  // An error after the start can only mean a message that a dying guard did not get; its exit tells the rest.
  guard.on('error', () => {});

  return {
    pid: guard.pid!,
    lost: lost.promise,
    start(options) {
      const child: Child = {
        options,
        started: withResolvers(),
        exited: withResolvers(),
        gone: withResolvers(),
        pid: undefined,
      };
      if (guard.exitCode !== null || guard.signalCode !== null || closing) {
        return Promise.reject(new StartError(options.command, 'the guard process has ended'));
      }
      const id = nextId++;
      children.set(id, child);
      request({ type: 'start', id, ...options });
      return child.started.promise;
    },
    async [Symbol.asyncDispose]() {
      closing = true;
      // The end of the channel tells the guard to end all groups and itself.
      if (guard.connected) guard.disconnect();
      await ended.promise;
    },
  };
}

/** @returns why it could not be killed, undefined if none of it is left. */
function killGroup(pid: number): string | undefined {
  try {
    process.kill(-pid, 'SIGKILL');
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ESRCH' ? undefined : message;
  }
}

/** Promise.withResolvers whose rejection nobody has to be there for. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  const resolvers = Promise.withResolvers<T>();
  resolvers.promise.catch(() => {});
  return resolvers;
}
