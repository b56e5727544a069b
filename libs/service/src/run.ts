import { answerArgument, complaint, type Program } from './arguments.ts';
import { createClock, type ProcessClock } from './clock.ts';
import type { CommonVariables } from './common-variables.ts';
import { ConfigError, type ConfigOf, readConfig, type Variables } from './config.ts';
import { adoptGrpcLog } from './grpc-log.ts';
import { createLog, type Logger, type LogLevel } from './log.ts';

/** What every service gets from its process. */
export interface ServiceContext {
  readonly log: Logger;
  readonly clock: ProcessClock;
}

/** A running service. Disposing it stops it in order: no new work, finish or hand back, flush, deregister. */
export interface Service extends AsyncDisposable {
  /** What it listens on: `grpc`, `http`, `metrics` -> HOST:PORT. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Settles (rejecting with the cause) if the service can't go on by itself. */
  readonly failed?: Promise<never>;
}

export interface RunOptions<V extends Variables> extends Program<V> {
  start(config: ConfigOf<V>, context: ServiceContext): Promise<Service>;
}

const shutdownLimit = 10_000;

/** Milliseconds between two looks for a step of the system clock. */
const clockInterval = 1000;

/** The clock of a process, or of a thread of it, looked after as long as that lives. */
export function startClock(log: Logger): ProcessClock {
  const clock = createClock(undefined, ({ by, followed }) =>
    log.warn(
      { seconds: by },
      followed
        ? 'the system clock has stepped: times are taken anew from it'
        : 'the system clock has stepped, or the machine has slept: times go on as they were, since something is being recorded',
    ),
  );
  setInterval(() => clock.check(), clockInterval).unref();
  return clock;
}

/** Resolves with the first of SIGTERM and SIGINT. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve(name));
  });
}

/**
 * Runs a service as a process: arguments, config, start, "ready" in the log, shutdown on SIGTERM or SIGINT within 10 s.
 * @returns the exit code: 0 after an ordered end, 1 after an error, 2 for wrong arguments.
 */
export async function runService<V extends Variables & CommonVariables>(options: RunOptions<V>): Promise<number> {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined) return await answerArgument(argument, options);
  const ended = signalled();
  let log: Logger | undefined;
  try {
    const config = readConfig(options.variables, process.env);
    log = createLog(options.name, config.logLevel as LogLevel);
    adoptGrpcLog(log);
    const starting = options.start(config, { log, clock: startClock(log) });
    const service = await Promise.race([starting, ended]);
    if (typeof service === 'string') {
      // A start may wait for another service as long as it takes; a person who ends it need not.
      log.info({ signal: service }, 'stopped before it was ready');
      starting.then(late => late[Symbol.asyncDispose]()).catch(() => {});
      return 0;
    }
    log.info({ addresses: service.addresses, pid: process.pid }, 'ready');
    const name = await Promise.race([ended, service.failed ?? new Promise<never>(() => {})]);
    log.info({ signal: name }, 'stopping');
    let late: NodeJS.Timeout | undefined;
    const limit = new Promise<'late'>(resolve => {
      late = setTimeout(() => resolve('late'), shutdownLimit - 500);
    });
    const outcome = await Promise.race([service[Symbol.asyncDispose]().then(() => 'done' as const), limit]);
    clearTimeout(late);
    if (outcome === 'late') {
      log.error('not everything could be stopped in time');
      return 1;
    }
    log.info('stopped');
    return 0;
  } catch (error) {
    if (error instanceof ConfigError || log === undefined) process.stderr.write(complaint(options.name, error));
    else log.fatal({ err: error }, 'failed');
    return 1;
  }
}
