import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startOrchestrator } from '@galileo/orchestrator';
import { startRecorder } from '@galileo/recorder';
import { ConfigError, type Service, type ServiceContext, version } from '@galileo/service';
import { startTelemd } from '@galileo/telemd';
import { dataDirectory, type StandaloneConfig } from './config.ts';
import { holdDirectory } from './hold-directory.ts';
import { endWithParent, isPipe } from './parent.ts';
import { findPrograms } from './programs.ts';
import { publishState } from './state-file.ts';

/**
 * Starts recorder, telemd and orchestrator in this process, on free ports of the loopback with one token, and tells
 * others in the data directory how to join.
 * @throws ConfigError if another standalone holds the data directory
 */
export async function startStandalone(config: StandaloneConfig, context: ServiceContext): Promise<Service> {
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
    const common = { listen: '127.0.0.1:0', token, logLevel: config.logLevel, metricsListen: undefined };
    const part = (name: string) => ({ ...context, log: context.log.child({ part: name }) });
    const store = join(directory, 'galileo.db');

    const recorder = own(await startRecorder({ ...common, sqlitePath: store }, part('recorder')));
    const recorderAddress = grpcAddress(recorder);
    const telemd = own(await startTelemd({ ...common, recorder: recorderAddress }, part('telemd')));
    const orchestrator = own(
      await startOrchestrator(
        {
          ...common,
          listen: config.listen,
          metricsListen: config.metricsListen,
          dataDir: directory,
          driver: 'sqlite',
          sqlitePath: store,
          recorder: recorderAddress,
          clients: [],
          loadBalancers: [],
          loadBalancerData: [],
          telemds: [grpcAddress(telemd)],
          programs: findPrograms(import.meta.url, process.execPath),
        },
        part('orchestrator'),
      ),
    );
    if (!config.detached && isPipe(0)) own(endWithParent(process.stdin, orchestrator.idle, stopSelf));
    const address = grpcAddress(orchestrator);
    // Removed first of all: nobody shall join what is about to end.
    own(await publishState(stateFile, { address, token, pid: process.pid, version, started: context.clock.now() }));
    return {
      addresses: orchestrator.addresses,
      ...(recorder.failed === undefined ? {} : { failed: recorder.failed }),
      [Symbol.asyncDispose]: () => disposeAll(owned, context),
    };
  } catch (error) {
    await disposeAll(owned, context);
    throw error;
  }
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

/** In the given order; what can't be ended does not keep the rest from it. */
async function disposeAll(parts: readonly (AsyncDisposable | Disposable)[], { log }: ServiceContext): Promise<void> {
  for (const part of parts) {
    try {
      if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]();
      else part[Symbol.dispose]();
    } catch (error) {
      log.error({ err: error }, 'a part did not end as it should');
    }
  }
}
