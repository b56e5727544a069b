import type { OrchestratorClient } from '@galileo/proto/orchestrator';
import { connectOrchestrator } from '@galileo/sdk';
import type { Target } from './config.ts';
import type { Interrupts } from './interrupts.ts';
import { createCommitment, type OpenSession, useSession } from './open-session.ts';
import { openStandalone } from './standalone.ts';

/** A command's connection to its orchestrator. */
export interface Session extends OpenSession {
  readonly client: OrchestratorClient;
}

async function openSession(target: Target, env: NodeJS.ProcessEnv, interrupts: Interrupts): Promise<Session> {
  const common = { service: 'orchestrator' as const };
  if (target.kind === 'remote') {
    const { address, client, [Symbol.dispose]: close } = connectOrchestrator(target);
    const dispose = async () => close();
    return Object.assign(createCommitment(), common, {
      client,
      address,
      logFile: undefined,
      joined: false,
      [Symbol.asyncDispose]: dispose,
    });
  }
  const local = await openStandalone(target.dataDir, env, interrupts);
  const { client, address } = local.orchestrator;
  const dispose = () => local[Symbol.asyncDispose]();
  return Object.assign(createCommitment(), common, {
    client,
    address,
    logFile: local.logFile,
    joined: !local.started,
    [Symbol.asyncDispose]: dispose,
  });
}

/** Opens a session with an orchestrator, uses it and closes it; see `useSession`. */
export function withSession<T>(
  target: Target,
  env: NodeJS.ProcessEnv,
  interrupts: Interrupts,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  return useSession(() => openSession(target, env, interrupts), interrupts, use);
}
