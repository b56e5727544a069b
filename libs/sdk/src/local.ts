import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compatible, version, waitForServing } from '@galileo/service';
import { LocalError } from './errors.ts';
import { connectOrchestrator, hasEnded, listExperiments, type OrchestratorConnection } from './orchestrator.ts';
import { connectRecorder, type RecorderConnection } from './recorder.ts';
import { type StandaloneProcess, startStandalone } from './standalone-process.ts';
import { isAlive, readState, type StandaloneState } from './state-file.ts';

export interface LocalOptions {
  /** Absolute path of the data directory; it is created if need be. */
  readonly dataDir: string;
  /** Command and arguments that start `standalone`. */
  readonly program: readonly string[];
  /** Environment of a standalone that is started; `process.env` unless told. `galileo_data_dir` is set in it. */
  readonly env?: NodeJS.ProcessEnv;
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined;
  /** Gives up waiting for the standalone's end on disposal. */
  readonly closeSignal?: AbortSignal | undefined;
  /** How long a standalone may take until it serves, seconds; 30 unless told. */
  readonly startTimeout?: number;
  /** How long disposal waits for the end of a standalone that was started here, seconds; 10 unless told. */
  readonly stopTimeout?: number;
}

/** The orchestrator of this machine's standalone. Disposing it lets the standalone go, if it was started here. */
export interface LocalOrchestrator extends AsyncDisposable {
  readonly orchestrator: OrchestratorConnection;
  readonly recorder: RecorderConnection;
  /** True if this call has started the standalone, false if it has joined one. */
  readonly started: boolean;
  readonly pid: number;
  /** Where its log lies. */
  readonly logFile: string;
}

/** Makes the data directory and its directory of logs, and makes sure that they can be written. */
async function prepareDirectory(dataDir: string): Promise<string> {
  const logs = join(dataDir, 'logs');
  try {
    await mkdir(logs, { recursive: true, mode: 0o700 });
    for (const path of [dataDir, logs]) await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = (error as Error).message;
    throw new LocalError(`the data directory ${dataDir} can't be written: ${why}; choose another with galileo_data_dir`, {
      cause: error,
    });
  }
  return join(logs, 'standalone.log');
}

/** Seconds; a service stops within 10. */
const defaultStopTimeout = 10;

/** Milliseconds until the next try after another standalone had the lock. */
const restartAfter = 500;

/** The standalone that serves this data directory, if there is one. @throws LocalError if it speaks another version. */
async function findServing(dataDir: string): Promise<StandaloneState | undefined> {
  const state = await readState(dataDir);
  if (state === undefined || !isAlive(state.pid)) return undefined;
  if (!compatible(state.version, version)) {
    throw new LocalError(
      `the standalone that holds ${dataDir} (process ${state.pid}) is version ${state.version} of Galileo, this is version ${version}; ` +
        `stop it (kill ${state.pid}) or choose another data directory with galileo_data_dir`,
    );
  }
  return await waitForServing(state.address, 1).then(
    () => state,
    () => undefined,
  );
}

/** Connects to the recorder of a standalone. */
function recorderOf({ recorder, pid, token }: StandaloneState, dataDir: string): RecorderConnection {
  if (recorder === undefined) {
    throw new LocalError(
      `the standalone that holds ${dataDir} (process ${pid}) does not tell where its recorder is; stop it (kill ${pid})`,
    );
  }
  return connectRecorder({ address: recorder, credentials: { token } });
}

/**
 * Connects to the recorder of the standalone that holds a data directory, if one runs; starts none, and makes no directory.
 * @throws LocalError if the standalone is of another version.
 */
export async function joinLocalRecorder(dataDir: string): Promise<RecorderConnection | undefined> {
  const state = await findServing(dataDir);
  return state && recorderOf(state, dataDir);
}

async function failure(child: StandaloneProcess, logFile: string): Promise<LocalError> {
  const lines = (await child.tail(12)).split('\n').map(line => `  ${line}`);
  return new LocalError(`standalone ${child.ended}; the end of its log (${logFile}):\n${lines.join('\n')}`);
}

/** Has the child ended because another standalone has the lock of the data directory? */
async function lostRace(child: StandaloneProcess): Promise<boolean> {
  return /is held by another standalone/.test(await child.tail(12));
}

/** Waits until some standalone serves the data directory, and starts one whenever none does. */
async function joinOrStart(
  options: LocalOptions,
  logFile: string,
): Promise<{ state: StandaloneState; child?: StandaloneProcess }> {
  const { dataDir, program, env = process.env, signal } = options;
  const timeout = options.startTimeout ?? 30;
  const giveUp = performance.now() + timeout * 1000;
  let child: StandaloneProcess | undefined;
  let startAt = 0;
  try {
    while (performance.now() < giveUp) {
      signal?.throwIfAborted();
      const state = await findServing(dataDir);
      if (state !== undefined) {
        const mine = state.pid === child?.pid ? child : undefined;
        if (mine !== undefined) child = undefined;
        return mine === undefined ? { state } : { state, child: mine };
      }
      if (child === undefined && performance.now() >= startAt) {
        child = startStandalone({ program, env: { ...env, galileo_data_dir: dataDir }, cwd: dataDir, logFile });
      }
      if (child?.ended !== undefined) {
        if (!(await lostRace(child))) throw await failure(child, logFile);
        // The one that holds the lock begins to serve, or has served and is about to let go of it.
        child = undefined;
        startAt = performance.now() + restartAfter;
      }
      await sleep(25, undefined, { signal });
    }
    throw new LocalError(`no standalone served ${dataDir} within ${timeout} s; its log: ${logFile}`);
  } finally {
    // Not needed: opening was given up, or somebody else serves meanwhile.
    child?.terminate();
    await child?.waitForEnd(options.stopTimeout ?? defaultStopTimeout, options.closeSignal);
  }
}

/** Is there an experiment, a recording by itself included, that keeps the standalone busy? Unknown counts as no. */
async function isBusy(orchestrator: OrchestratorConnection): Promise<boolean> {
  try {
    for await (const { status } of listExperiments(orchestrator.client, { pageSize: 50, signal: AbortSignal.timeout(1000) })) {
      if (!hasEnded(status)) return true;
    }
  } catch {}
  return false;
}

/**
 * Connects to the orchestrator of the standalone that holds a data directory, or starts one. On disposal a standalone that was started
 * here is told that nobody needs it; it ends as soon as no experiment and no recording is active, and that is waited for, unless others keep it busy.
 * @throws LocalError if the directory can't be used, the standalone is of another version, or it can't be started (with the end of its log).
 */
export async function openLocal(options: LocalOptions): Promise<LocalOrchestrator> {
  const logFile = await prepareDirectory(options.dataDir);
  const { state, child } = await joinOrStart(options, logFile);
  const orchestrator = connectOrchestrator({ address: state.address, credentials: { token: state.token } });
  let recorder: RecorderConnection | undefined;
  return {
    orchestrator,
    get recorder() {
      recorder ??= recorderOf(state, options.dataDir);
      return recorder;
    },
    started: child !== undefined,
    pid: state.pid,
    logFile,
    async [Symbol.asyncDispose]() {
      const busy = child !== undefined && child.ended === undefined && (await isBusy(orchestrator));
      orchestrator[Symbol.dispose]();
      recorder?.[Symbol.dispose]();
      child?.release();
      await child?.waitForEnd(busy ? 0 : (options.stopTimeout ?? defaultStopTimeout), options.closeSignal);
    },
  };
}
