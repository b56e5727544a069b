import { existsSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OrchestratorClient } from '@galileo/proto/orchestrator';
import { connectOrchestrator, openLocal } from '@galileo/sdk';
import type { Target } from './config.ts';
import { type Callee, explain, isUnreachable } from './errors.ts';
import type { Interrupts } from './interrupts.ts';

/** A command's connection to its orchestrator. */
export interface Session extends Callee {
  readonly client: OrchestratorClient;
  /** From now on the work must not be done over: something has been begun. */
  commit(): void;
}

/** What was thrown by the use of a session, put for a person. */
class SessionError extends Error {
  constructor(cause: unknown, callee: Callee) {
    super(explain(cause, callee), { cause });
    this.name = 'SessionError';
  }
}

/** Command that starts standalone: the file beside the bundled shell, or the source in a clone. */
function standaloneProgram(): string[] {
  const bundled = fileURLToPath(new URL('./standalone.js', import.meta.url));
  if (existsSync(bundled)) return [process.execPath, bundled];
  return [process.execPath, fileURLToPath(new URL('../../standalone/src/main.ts', import.meta.url))];
}

/**
 * The environment of a standalone. `node` in an experiment file shall be the Node that runs Galileo, and not an older one of the
 * system: where PATH doesn't know its directory, that goes first.
 */
function standaloneEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const directory = dirname(process.execPath);
  const path = env['PATH'] ?? '';
  if (path.split(delimiter).includes(directory)) return env;
  return { ...env, PATH: path === '' ? directory : `${directory}${delimiter}${path}` };
}

interface OpenSession extends Session, AsyncDisposable {
  /** May the standalone be about to end, because it was another command's? */
  readonly joined: boolean;
  readonly committed: boolean;
}

async function openSession(target: Target, env: NodeJS.ProcessEnv, interrupts: Interrupts): Promise<OpenSession> {
  let committed = false;
  const commit = () => {
    committed = true;
  };
  if (target.kind === 'remote') {
    const { address, client, [Symbol.dispose]: close } = connectOrchestrator(target);
    const dispose = async () => close();
    return { client, address, logFile: undefined, joined: false, commit, committed: false, [Symbol.asyncDispose]: dispose };
  }
  const local = await openLocal({
    dataDir: target.dataDir,
    program: standaloneProgram(),
    env: standaloneEnvironment(env),
    signal: interrupts.first,
    closeSignal: interrupts.second,
  });
  return {
    client: local.orchestrator.client,
    address: local.orchestrator.address,
    logFile: local.logFile,
    joined: !local.started,
    commit,
    get committed() {
      return committed;
    },
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

/**
 * Opens a session, uses it and closes it. A standalone that was joined may end at that moment, because the command that had started it
 * has ended: then the work is done over with another one, unless it has committed itself.
 * @throws SessionError for what the use throws.
 */
export async function withSession<T>(
  target: Target,
  env: NodeJS.ProcessEnv,
  interrupts: Interrupts,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    await using session = await openSession(target, env, interrupts);
    try {
      return await use(session);
    } catch (error) {
      if (attempt < 3 && session.joined && !session.committed && isUnreachable(error)) continue;
      if (interrupts.first.aborted) throw error;
      throw new SessionError(error, session);
    }
  }
}
