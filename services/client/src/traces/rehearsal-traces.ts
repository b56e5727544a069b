import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { SpoolSettings } from '@galileo/reconcile';
import type { Logger, ProcessClock } from '@galileo/service';
import { startLocalServer } from '../local-server.ts';
import { openRecordedTraces } from './recorded-traces.ts';
import type { TraceLog } from './trace-log.ts';

export interface RehearsalTracesOptions {
  /** That of the traces proper; the rehearsal's lies beside it, for as long as it lasts. */
  readonly spool: SpoolSettings;
  readonly clock: ProcessClock;
  readonly log: Logger;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Removes what rehearsals have left behind whose processes were killed. */
function removeLeftovers(prefix: string): void {
  const parent = dirname(prefix);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(basename(prefix))) continue;
    const pid = Number.parseInt(name.slice(basename(prefix).length), 10);
    if (!isRunning(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** Traces that go the way of those that are recorded, but for the last step: their recorder never answers, and they are given up. */
export async function openRehearsalTraces({ spool, clock, log }: RehearsalTracesOptions): Promise<TraceLog> {
  const server = await startLocalServer(socket => socket.resume());
  const prefix = `${spool.directory}.rehearsal-`;
  removeLeftovers(prefix);
  const directory = `${prefix}${process.pid}-${threadId}`;
  const traces = openRecordedTraces({
    ...{ transport: { bus: 'direct' }, recorder: server.address, credentials: {}, worker: 'rehearsal', clock },
    spool: { ...spool, directory },
    log: log.child({}, { level: 'silent' }),
    closeTimeout: 0,
    settle: async () => {},
  });
  return {
    ...traces,
    async [Symbol.asyncDispose]() {
      await traces[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
      await server[Symbol.asyncDispose]();
    },
  };
}
