import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { RecorderClient } from '@galileo/proto/recorder';
import { connectRecorder, joinLocalRecorder, type RecorderConnection } from '@galileo/sdk';
import { splitAddress } from '@galileo/service';
import type { RecorderTarget } from './config.ts';
import type { Interrupts } from './interrupts.ts';
import { createCommitment, type OpenSession, useSession } from './open-session.ts';
import { openStandalone } from './standalone.ts';

/** A command's connection to its recorder. */
export interface RecorderSession extends OpenSession {
  readonly client: RecorderClient;
}

/** Seconds that a call may take: the end of a recording waits for its producers, and counts its rows. */
const timeout = 120;

/** Milliseconds in which a program of this machine answers. */
const answerTime = 500;

/** Does somebody listen on an address of this machine? */
function isTaken(address: string): Promise<boolean> {
  const { host, port } = splitAddress(address);
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: answerTime });
    const found = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => found(true));
    socket.once('error', () => found(false));
    socket.once('timeout', () => found(false));
  });
}

function sessionOf(
  connection: RecorderConnection,
  more: { logFile?: string; joined?: boolean; close?(): Promise<void> },
): RecorderSession {
  const { client, address } = connection;
  const { logFile, joined = false, close = async () => connection[Symbol.dispose]() } = more;
  const service = 'recorder' as const;
  return Object.assign(createCommitment(), { service, client, address, logFile, joined, [Symbol.asyncDispose]: close });
}

async function openLocalSession(dataDir: string, env: NodeJS.ProcessEnv, interrupts: Interrupts): Promise<RecorderSession> {
  const local = await openStandalone(dataDir, env, interrupts);
  const { logFile, started } = local;
  return sessionOf(local.recorder, { logFile, joined: !started, close: async () => local[Symbol.asyncDispose]() });
}

async function openSession(
  target: RecorderTarget,
  env: NodeJS.ProcessEnv,
  interrupts: Interrupts,
  reads: boolean,
): Promise<RecorderSession> {
  if (target.kind === 'remote') return sessionOf(connectRecorder({ ...target, timeout }), {});
  if (target.kind === 'local') return openLocalSession(target.dataDir, env, interrupts);
  const { dataDir, address } = target;
  const joined = await joinLocalRecorder(dataDir);
  if (joined !== undefined) return sessionOf(joined, { logFile: join(dataDir, 'logs', 'standalone.log'), joined: true });
  const hasStore = reads && existsSync(join(dataDir, 'galileo.db'));
  if (hasStore && !(await isTaken(address))) return openLocalSession(dataDir, env, interrupts);
  return sessionOf(connectRecorder({ address, credentials: target.credentials(), timeout }), {});
}

/**
 * Opens a session with a recorder, uses it and closes it; see `useSession`. A command that only `reads` gets this machine's store by
 * a standalone that is started for it, where no recorder runs at all.
 */
export function withRecorder<T>(
  target: RecorderTarget,
  { env, interrupts, reads = false }: { env: NodeJS.ProcessEnv; interrupts: Interrupts; reads?: boolean },
  use: (session: RecorderSession) => Promise<T>,
): Promise<T> {
  return useSession(() => openSession(target, env, interrupts, reads), interrupts, use);
}
