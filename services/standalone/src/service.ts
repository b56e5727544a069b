import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startOrchestrator } from '@galileo/orchestrator';
import { sharedSpoolDirectory } from '@galileo/reconcile';
import { startRecorder } from '@galileo/recorder';
import {
  ConfigError,
  commonVariables,
  disposeAll,
  isLoopback,
  readConfig,
  type Service,
  type ServiceContext,
  splitAddress,
  version,
} from '@galileo/service';
import { startTelemd } from '@galileo/telemd';
import { dataDirectory, type StandaloneConfig } from './config.ts';
import { holdDirectory } from './hold-directory.ts';
import { endWithParent, isPipe } from './parent.ts';
import { findPrograms } from './programs.ts';
import { publishState } from './state-file.ts';

/**
 * Starts recorder, telemd and orchestrator in this process, on free ports of the loopback with one token, and tells
 * others in the data directory how to join.
 * @throws ConfigError if another standalone holds the data directory, or TLS is wanted where others could call
 */
export async function startStandalone(config: StandaloneConfig, context: ServiceContext): Promise<Service> {
  checkTls(config);
  const directory = dataDirectory(config, process.env);
  const stateFile = join(directory, 'standalone.json');
  const owned: (AsyncDisposable | Disposable)[] = [];
  const own = <T extends AsyncDisposable | Disposable>(part: T): T => {
    owned.unshift(part);
    return part;
  };
  try {
    own(await holdDirectory(directory, stateFile));
    const token = config.token ?? randomBytes(24).toString('base64url');
    // The token is all that these programs, which meet on the loopback, identify themselves with.
    const common = {
      ...readConfig(commonVariables(0), {}),
      listen: '127.0.0.1:0',
      token,
      logLevel: config.logLevel,
      bus: 'direct' as const,
    };
    const part = (name: string) => ({ ...context, log: context.log.child({ part: name }) });
    const store = join(directory, 'galileo.db');
    const spoolDir = sharedSpoolDirectory(directory);

    const recorder = own(await startRecorder({ ...common, sqlitePath: store }, part('recorder')));
    const recorderAddress = grpcAddress(recorder);
    const telemd = own(await startTelemd({ ...common, spoolDir, recorder: recorderAddress }, part('telemd')));
    const orchestrator = own(
      await startOrchestrator(
        {
          ...common,
          listen: config.listen,
          metricsListen: config.metricsListen,
          dataDir: directory,
          sqlitePath: store,
          spoolDir,
          recorder: recorderAddress,
          telemds: [grpcAddress(telemd)],
          programs: findPrograms(import.meta.url, process.execPath),
        },
        part('orchestrator'),
      ),
    );
    const idle = () => orchestrator.idle() && recorder.idle();
    if (!config.detached && isPipe(0)) own(endWithParent(process.stdin, idle, stopSelf));
    const addresses = { address: grpcAddress(orchestrator), recorder: recorderAddress };
    // Removed first of all: nobody shall join what is about to end.
    own(await publishState(stateFile, { ...addresses, token, pid: process.pid, version, started: context.clock.now() }));
    return {
      addresses: orchestrator.addresses,
      ...(recorder.failed === undefined ? {} : { failed: recorder.failed }),
      [Symbol.asyncDispose]: () => disposeAll(owned, context.log),
    };
  } catch (error) {
    await disposeAll(owned, context.log);
    throw error;
  }
}

/** The variables may be there for another orchestrator; who wants others to call this one must not believe in them. */
function checkTls({ listen, tlsCert, tlsKey, tlsCa }: StandaloneConfig): void {
  const wanted = tlsCert !== undefined || tlsKey !== undefined || tlsCa !== undefined;
  if (!wanted || isLoopback(splitAddress(listen).host)) return;
  throw new ConfigError([
    `galileo_grpc_listen: ${JSON.stringify(listen)} is open to others, and standalone has no TLS (galileo_tls_cert, galileo_tls_key, ` +
      'galileo_tls_ca); allowed: a loopback address, or these unset, or services of their own instead of standalone',
  ]);
}

function grpcAddress(service: Service): string {
  const address = service.addresses['grpc'];
  if (address === undefined) throw new ConfigError(['a part of standalone does not tell its gRPC address']);
  return address;
}

/** Ends this process as a supervisor would: in order. */
function stopSelf(): void {
  process.kill(process.pid, 'SIGTERM');
}
