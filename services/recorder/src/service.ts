import { createDoorbell } from '@galileo/bus';
import { openStore } from '@galileo/expdb';
import { type Service, type ServiceContext, startGrpcServer, startMetrics } from '@galileo/service';
import { createAdmission } from './admission.ts';
import { createCommitter } from './committer.ts';
import { type RecorderConfig, storePath, withDefaults } from './config.ts';
import { createConversation } from './conversation.ts';
import { createIntake } from './intake.ts';
import { recorderMetrics } from './metrics.ts';
import { createRecordings } from './recordings.ts';
import { recorderService } from './rpc.ts';
import { createSessions } from './sessions.ts';

/** Seconds that a producer which publishes has to connect its control stream while a recording is open. */
const grace = 30;

/**
 * Starts the recorder; resolves once the store is open, the recordings of an earlier run go on, and the server listens.
 * @throws StoreError if the store can't be opened, ConfigError if an address can't be listened on
 */
export async function startRecorder(given: RecorderConfig, { log, clock }: ServiceContext): Promise<Service> {
  const config = withDefaults(given);
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(part: T): T => {
    owned.unshift(part);
    return part;
  };
  const ending = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const bell = createDoorbell();
  let setServing = (_serving: boolean) => {};
  try {
    const store = own(await openStore({ path: storePath(config, process.env) }));
    const committer = own(
      createCommitter({
        store,
        batchSize: config.batchSize,
        interval: config.batchInterval,
        log,
        bell,
        onTrouble: trouble => setServing(!trouble),
        onFatal: failed.reject,
      }),
    );
    const sessions = createSessions();
    const recordings = createRecordings({ store, committer, sessions, clock, log, bell, signal: ending.signal });
    const intake = createIntake({ books: recordings.books, committer, clock, log });
    for (const book of await recordings.restore()) intake.resume(book);
    const conversation = createConversation({ recordings, sessions, committer, bell });
    const admission = createAdmission({ recordings, sessions, committer, bell, log, grace });
    const service = recorderService({
      recordings,
      intake,
      admission,
      sessions,
      conversation,
      clock,
      bell,
      signal: ending.signal,
    });
    const server = own(await startGrpcServer({ listen: config.listen, token: config.token, services: [service], log }));
    own({ [Symbol.asyncDispose]: async () => ending.abort() });
    const addresses: Record<string, string> = { grpc: server.address };
    if (config.metricsListen !== undefined) {
      const registry = recorderMetrics({ figures: intake.figures, committer, recordings, sessions });
      addresses['metrics'] = own(await startMetrics(config.metricsListen, registry)).address;
    }
    setServing = server.setServing;
    setServing(true);
    log.info({ store: store.path }, 'the store is open');
    return { addresses, failed: failed.promise, [Symbol.asyncDispose]: () => disposeAll(owned, log) };
  } catch (error) {
    ending.abort();
    await disposeAll(owned, log);
    throw error;
  }
}

/** In the given order; what can't be ended does not keep the rest from it. */
async function disposeAll(parts: readonly AsyncDisposable[], log: ServiceContext['log']): Promise<void> {
  for (const part of parts) {
    try {
      await part[Symbol.asyncDispose]();
    } catch (error) {
      log.error({ err: error }, 'a part did not end as it should');
    }
  }
}
