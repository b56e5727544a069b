import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createDoorbell, redisSettings } from '@galileo/bus';
import { openStore } from '@galileo/expdb';
import { advertised, credentialsOf, disposeAll, type Service, type ServiceContext, startGrpcServer } from '@galileo/service';
import { startMetrics } from '@galileo/service/metrics';
import { createAdmission } from './admission.ts';
import { type BusIntake, createBusIntake } from './bus-intake.ts';
import { createCommitter } from './committer.ts';
import { type RecorderConfig, storePath, withDefaults } from './config.ts';
import { createConversation } from './conversation.ts';
import { createCountBucket } from './count-bucket.ts';
import { createIntake } from './intake.ts';
import { createLookup } from './lookup.ts';
import { recorderMetrics } from './metrics.ts';
import { creatorName } from './own-experiment.ts';
import { createRecordings } from './recordings.ts';
import { openRedisBus, type RedisBus } from './redis-bus.ts';
import { type Repairs, startRepairs } from './repairs.ts';
import { recorderService } from './rpc.ts';
import { createSessions } from './sessions.ts';
import { createFigures } from './sink.ts';
import { createSources } from './sources.ts';
import { watchRecording } from './watch.ts';

/** Seconds that a producer which publishes has to connect its control stream while a recording is open. */
const grace = 30;

/** Seconds that records on the bus wait for somebody to say that they are its. */
const sourceGrace = 10;

/** Most memory for records of the bus that wait, bytes. */
const busBytes = 96 * 1024 * 1024;

export interface RecorderService extends Service {
  /** Is nothing being recorded but what an orchestrator has asked for? */
  idle(): boolean;
}

/**
 * Starts the recorder; resolves once the store is open, the recordings of an earlier run go on, and the server listens.
 * @throws StoreError if the store can't be opened, ConfigError if an address can't be listened on
 */
export async function startRecorder(
  given: RecorderConfig,
  { log, clock }: ServiceContext,
  open: typeof openStore = openStore,
): Promise<RecorderService> {
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
  let onStoreTrouble = (_trouble: boolean) => {};
  try {
    const store = own(await open({ path: storePath(config, process.env) }));
    const committer = own(
      createCommitter({
        store,
        batchSize: config.batchSize,
        interval: config.batchInterval,
        log,
        bell,
        onTrouble: trouble => onStoreTrouble(trouble),
        onFatal: failed.reject,
      }),
    );
    const sessions = createSessions();
    const sources = createSources();
    const figures = createFigures();
    const elapsed = () => performance.now() / 1000;
    let busIntake: BusIntake;
    let repairs: Repairs;
    let bus: RedisBus | undefined;
    const recordings = createRecordings({
      ...{ store, committer, sessions, clock, log, bell, signal: ending.signal },
      bus:
        config.bus === 'direct'
          ? undefined
          : {
              listening: async timeout => bus?.listening(timeout),
              filed: book => busIntake.filed(book),
              waiting: () => busIntake.waiting,
              release: () => busIntake.release(),
              nodes: async () => bus?.nodes() ?? new Map(),
            },
      acknowledge: book => repairs.acknowledge([book]),
      elapsed,
      creator: creatorName(process.pid),
      random: () => randomBytes(2).readUInt16BE(),
    });
    const { books } = recordings;
    const kept = clock.keepAnchorWhile(() => books().length > 0);
    own({ [Symbol.asyncDispose]: async () => kept[Symbol.dispose]() });
    busIntake = own(
      createBusIntake({
        ...{ books, committer, sessions, sources, figures, clock, elapsed, log, bell },
        ...{ grace: sourceGrace, maxBytes: busBytes },
      }),
    );
    const intake = createIntake({ books, committer, figures, clock, log });
    for (const book of await recordings.restore()) {
      intake.resume(book);
      sources.resume(book);
    }
    repairs = own(
      startRepairs({
        books: recordings.accepting,
        ...{ sessions, committer, store, figures, clock, elapsed, log, bell },
        filedUntil: busIntake.filedUntil,
        progress: intake.progress,
        countBucket: createCountBucket({ store, sources }),
        onReviewed: recordings.resettle,
      }),
    );
    const conversation = createConversation({ recordings, sessions, sources, busIntake, repairs, committer, elapsed, bell });
    const admission = createAdmission({ recordings, sessions, committer, bell, log, grace });
    const lookup = createLookup({ store, recordings });
    const watched = { recordings, lookup, sessions, committer, busIntake, figures, clock, bell, signal: ending.signal };
    const service = recorderService({
      recordings,
      lookup,
      watch: (id, interval, signal) => watchRecording(watched, id, interval, signal),
      intake,
      admission,
      sessions,
      conversation,
      clock,
      nonce: randomBytes(4).toString('hex'),
      bell,
      signal: ending.signal,
    });
    const server = own(
      await startGrpcServer({
        listen: config.listen,
        credentials: credentialsOf(config),
        insecure: config.insecure,
        services: [service],
        log,
      }),
    );
    own({ [Symbol.asyncDispose]: async () => ending.abort() });
    const addresses: Record<string, string> = { grpc: server.address };
    if (config.metricsListen !== undefined) {
      const registry = recorderMetrics({ figures, committer, recordings, sessions });
      addresses['metrics'] = own(await startMetrics(config.metricsListen, registry)).address;
    }
    let storeWorks = true;
    const tellHealth = () => server.setServing(storeWorks && (config.bus === 'direct' || bus?.connected === true));
    onStoreTrouble = trouble => {
      storeWorks = !trouble;
      tellHealth();
    };
    if (config.bus === 'redis') {
      bus = own(
        openRedisBus({
          ...{ redis: redisSettings(config), name: hostname(), address: advertised(config, server.address), log, bell },
          take: busIntake.take,
          onState: tellHealth,
        }),
      );
    }
    tellHealth();
    log.info({ store: store.path }, 'the store is open');
    return { addresses, failed: failed.promise, idle: recordings.idle, [Symbol.asyncDispose]: () => disposeAll(owned, log) };
  } catch (error) {
    ending.abort();
    await disposeAll(owned, log);
    throw error;
  }
}
