import { type Clock, createClock } from './clock.ts';
import {
  address,
  ConfigError,
  type ConfigOf,
  oneOf,
  optionalAddress,
  readConfig,
  secret,
  type Variables,
  variableTable,
} from './config.ts';
import { createLog, type Logger, logLevels } from './log.ts';
import { version } from './version.ts';

/** What every service gets from its process. */
export interface ServiceContext {
  readonly log: Logger;
  readonly clock: Clock;
}

/** A running service. Disposing it stops it in order: no new work, finish or hand back, flush, deregister. */
export interface Service extends AsyncDisposable {
  /** What it listens on: `grpc`, `http`, `metrics` -> HOST:PORT. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Settles (rejecting with the cause) if the service can't go on by itself. */
  readonly failed?: Promise<never>;
}

/** Variables that every service has; `port` is its default gRPC port. */
export function commonVariables(port: number) {
  return {
    listen: address('galileo_grpc_listen', {
      fallback: `127.0.0.1:${port}`,
      doc: 'HOST:PORT of the gRPC server; port 0 takes a free one',
    }),
    token: secret('galileo_token', { doc: 'bearer token that gRPC calls carry and must carry' }),
    logLevel: oneOf('galileo_logging_level', logLevels, { fallback: 'INFO', doc: 'least level that is logged' }),
    metricsListen: optionalAddress('galileo_metrics_listen', {
      doc: 'HOST:PORT of the Prometheus endpoint /metrics; none if unset',
    }),
  };
}

export interface RunOptions<V extends Variables> {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  readonly variables: V;
  start(config: ConfigOf<V>, context: ServiceContext): Promise<Service>;
}

const shutdownLimit = 10_000;

function helpText(name: string, summary: string, variables: Variables): string {
  const rows = variableTable(variables);
  const width = Math.max(...rows.map(row => row.name.length));
  const lines = rows.map(
    row => `  ${row.name.padEnd(width)}  ${row.doc} [${row.allowed}]${row.fallback === '' ? '' : ` (default ${row.fallback})`}`,
  );
  return [`galileo-${name} ${version}: ${summary}`, '', 'It is configured by the environment alone:', ...lines, ''].join('\n');
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
export async function runService<V extends Variables & ReturnType<typeof commonVariables>>(
  options: RunOptions<V>,
): Promise<number> {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(helpText(options.name, options.summary, options.variables));
    return 0;
  }
  if (argument === '--version') {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (argument !== undefined) {
    process.stderr.write(`galileo-${options.name}: unknown argument ${JSON.stringify(argument)}; allowed: --help, --version\n`);
    return 2;
  }
  const ended = signalled();
  let log: Logger | undefined;
  try {
    const config = readConfig(options.variables, process.env);
    log = createLog(options.name, config.logLevel as (typeof logLevels)[number]);
    const starting = options.start(config, { log, clock: createClock() });
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
    if (error instanceof ConfigError) process.stderr.write(`galileo-${options.name}: ${error.problems.join('\n')}\n`);
    else if (log === undefined) process.stderr.write(`galileo-${options.name}: ${(error as Error).message}\n`);
    else log.fatal({ err: error }, 'failed');
    return 1;
  }
}
