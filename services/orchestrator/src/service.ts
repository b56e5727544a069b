import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  announce,
  discover,
  openPublisher,
  type RedisConnection,
  type RedisSettings,
  redisAddress,
  redisSettings,
} from '@galileo/bus';
import { connectRedis } from '@galileo/bus/connect-redis';
import { openStore } from '@galileo/expdb';
import { producerId, spoolSettings, startProducer } from '@galileo/reconcile';
import { etcdSettings, openWeightStore } from '@galileo/routing';
import {
  advertised,
  credentialsOf,
  disposeAll,
  type Logger,
  type Service,
  type ServiceContext,
  startGrpcServer,
  version,
} from '@galileo/service';
import { createRegistry, startMetrics } from '@galileo/service/metrics';
import { watchEtcd } from './channels/etcd-link.ts';
import { grpcRoutes, redisRoutes } from './channels/route-channel.ts';
import { etcdWeights, grpcWeights } from './channels/weight-channel.ts';
import { untilAborted } from './conduct/abort.ts';
import { conduct } from './conduct/conduct.ts';
import { createEventLog } from './conduct/event-log.ts';
import { closeAbandoned } from './conduct/recording.ts';
import { type Channels, retrieve } from './conduct/retrieve.ts';
import { directMembers, type OrchestratorConfig, pathsOf, withDefaults } from './config.ts';
import { type Dependency, dependency } from './dependency.ts';
import { createExperiments } from './experiments.ts';
import { localFleet } from './fleet/local.ts';
import { membersAtHand, runningFleet } from './fleet/running.ts';
import { discoveredSource, givenSource, type Source } from './fleet/sources.ts';
import { closeLeftovers, failUnfinished, findDebtors, takeBackLeftovers } from './recovery.ts';
import { reportOf } from './report.ts';
import { orchestratorService } from './rpc.ts';

/** A running orchestrator. */
export interface Orchestrator extends Service {
  /** Is there no experiment under way or queued, and nobody who watches one? */
  idle(): boolean;
}

/** Seconds that recordings left open wait for the load that they record to be ended. */
const recordingPatience = 5;
/** Seconds that Redis gets to forget the orchestrator. */
const withdrawalPatience = 1;
/** Seconds for taking back what lies in Redis and etcd. */
const retrieveTimeout = 10;

/**
 * Starts the orchestrator; it serves at once, and says SERVING while the recorder is connected, and Redis and etcd where
 * they are used. Whoever calls it sees to it that no other orchestrator uses the same store: what is unfinished there is
 * marked as failed.
 * @throws ConfigError, StoreError
 */
export async function startOrchestrator(given: OrchestratorConfig, { log, clock }: ServiceContext): Promise<Orchestrator> {
  const config = withDefaults(given);
  const { recorder, insecure, bus, programs, fleetTimeout } = config;
  const credentials = credentialsOf(config);
  const settings = redisSettings(config);
  const environment = process.env;
  const paths = pathsOf(config, environment);
  const ending = new AbortController();
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(part: T): T => {
    owned.unshift(part);
    return part;
  };
  try {
    const store = own(await openStore({ path: paths.store }));
    const abandoned = await failUnfinished(store, clock, log);

    const node = hostname();
    const id = producerId('orchestrator', node);
    const publisher = own(openPublisher({ bus, redis: settings, recorder, credentials, producerId: id, log, closeTimeout: 2 }));
    const spool = spoolSettings(config, { service: 'orchestrator', node, recorder });
    const producer = own(
      startProducer({ publisher, recorder, credentials, service: 'orchestrator', node, id, clock, log, spool }),
    );
    const recorderLink = dependency(`the recorder at ${recorder}`, producer);
    const redis = bus === 'redis' ? own(connectRedis(settings, { log, name: 'galileo-orchestrator' })) : undefined;
    const etcd = openEtcd(config, log, own);
    const dependencies = [...(redis === undefined ? [] : [dependency(redisName(settings), redis)]), ...etcd.dependencies];
    const channels: Channels = {
      weights: etcd.weights,
      routes: redis === undefined ? grpcRoutes : redisRoutes(redis, log),
    };
    const sources = sourcesOf(config, redis);
    const clearUp = clearance(log, {
      recordings: async () => {
        if (abandoned.length === 0) return;
        await producer.ready(ending.signal);
        await closeLeftovers(abandoned, store, experimentId => closeAbandoned({ recorder, credentials, experimentId }), log);
      },
      services: async signal => {
        // What a fleet of its own left has ended with the earlier orchestrator.
        const debtors = programs === undefined ? await findDebtors(store) : [];
        if (debtors.length === 0) return;
        for (const needed of dependencies) await needed.ready(signal);
        using members = await membersAtHand({ sources, credentials }, signal);
        await takeBackLeftovers(debtors, store, deposit => retrieve(deposit, members, channels, retrieveTimeout), log);
      },
      signal: ending.signal,
    });

    const stage = {
      openFleet:
        programs === undefined
          ? runningFleet({ sources, credentials, timeout: fleetTimeout })
          : localFleet({
              ...{ programs, recorder, credentials, environment },
              telemds: config.telemds ?? [],
              spoolDir: config.spoolDir,
            }),
      channels,
      replicaHost: config.replicaHost.replace(/^\[|\]$/g, ''),
      logDirectory: paths.logs,
      environment,
      self: { name: programs === undefined ? 'orchestrator' : 'standalone', pid: process.pid },
      clock,
      clockEstimate: () => producer.clockEstimate(),
      events: createEventLog(producer, clock),
    };
    const conditions = { recorder, credentials, store, recorderLink, dependencies, timeout: fleetTimeout, clearUp };
    const experiments = createExperiments({
      store,
      logDirectory: paths.logs,
      clock,
      log,
      random: () => randomInt(0x10000),
      version,
      conduct: live => conduct(live, { ...stage, ...conditions }),
    });
    const services = [
      orchestratorService({
        experiments,
        store,
        clock,
        report: (stored, experiment) => reportOf(stored, experiment, { store, recorder, credentials }),
      }),
    ];
    const server = own(await startGrpcServer({ listen: config.listen, credentials, insecure, services, log }));
    // Ended first: those who watch are told the end before their streams are closed.
    own(experiments);
    follow([recorderLink, ...dependencies], serving => server.setServing(serving && !ending.signal.aborted));
    const addresses: Record<string, string> = { grpc: server.address };
    if (config.metricsListen !== undefined) {
      addresses['metrics'] = own(await startMetrics(config.metricsListen, createRegistry())).address;
    }
    if (redis !== undefined) {
      warnOfOthers(redis, node, ending.signal, log);
      const address = advertised(config, server.address);
      own(withdrawnSoon(announce({ redis, kind: 'orchestrator', name: node, address, log })));
    }
    return {
      addresses,
      idle: () => experiments.idle(),
      async [Symbol.asyncDispose]() {
        ending.abort(new Error('the orchestrator was stopped'));
        server.setServing(false);
        await disposeAll(owned, log);
      },
    };
  } catch (error) {
    ending.abort(error);
    await disposeAll(owned, log);
    throw error;
  }
}

function redisName(settings: RedisSettings): string {
  return `Redis at ${redisAddress(settings)}`;
}

type Config = ReturnType<typeof withDefaults>;

/** The way to set weights, with what it depends on. */
function openEtcd(
  config: Config,
  log: Logger,
  own: <T extends AsyncDisposable>(part: T) => T,
): { readonly weights: Channels['weights']; readonly dependencies: readonly Dependency[] } {
  if (config.etcd.length === 0) return { weights: grpcWeights, dependencies: [] };
  const address = config.etcd.join(',');
  const store = own(openWeightStore({ etcd: etcdSettings(config, config.etcd), log }));
  const link = watchEtcd(store, { address, log });
  own({ [Symbol.asyncDispose]: async () => link[Symbol.dispose]() });
  return { weights: etcdWeights(store), dependencies: [dependency(`etcd at ${address}`, link)] };
}

/** Where services are looked for: at given addresses, else in Redis, else where they are on one machine. */
function sourcesOf(config: Config, redis: RedisConnection | undefined): Source[] {
  const source = (kind: Source['kind'], given: readonly string[] | undefined, fallback: string, data?: readonly string[]) => {
    if (given !== undefined) return givenSource(kind, given, data);
    return redis === undefined ? givenSource(kind, [fallback], data) : discoveredSource(kind, redis);
  };
  return [
    source('client', config.clients, directMembers.clients),
    source('loadbalancer', config.loadBalancers, directMembers.loadBalancers, config.loadBalancerData),
    source('telemd', config.telemds, directMembers.telemds),
  ];
}

/**
 * Begins to end what earlier experiments have left: their load, if that can be soon, before the recordings of it. Never
 * rejects, save for the signals: what could not be done is logged, is no reason to refuse experiments, and is tried again.
 * @returns what does it once more, for an experiment that is about to begin; it waits for the first time
 */
function clearance(
  log: Logger,
  parts: { recordings(): Promise<void>; services(signal: AbortSignal): Promise<void>; readonly signal: AbortSignal },
): (signal: AbortSignal) => Promise<void> {
  const logged = (error: Error) => {
    if (!parts.signal.aborted) log.error({ err: error }, 'not all that earlier experiments have left could be taken back');
  };
  const services = parts.services(parts.signal).catch(logged);
  const recordings = Promise.race([services, sleep(recordingPatience * 1000)])
    .then(parts.recordings)
    .catch(logged);
  const first = Promise.all([services, recordings]);
  return async signal => {
    await untilAborted(first, signal);
    await parts.services(signal).catch(error => {
      signal.throwIfAborted();
      logged(error);
    });
  };
}

/** Tells whether all are connected, at once and whenever that changes. */
function follow(dependencies: readonly Dependency[], tell: (connected: boolean) => void): void {
  const update = () => tell(dependencies.every(({ connected }) => connected));
  for (const { watch } of dependencies) watch(update);
  update();
}

/** A Redis that does not answer must not hold up the end: the announcement expires by itself. */
function withdrawnSoon(announcement: AsyncDisposable): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: () => Promise.race([announcement[Symbol.asyncDispose](), sleep(withdrawalPatience * 1000)]),
  };
}

/** Two orchestrators of one Redis overwrite each other's routes. */
async function warnOfOthers(redis: RedisConnection, node: string, signal: AbortSignal, log: Logger): Promise<void> {
  try {
    await redis.ready(signal);
    // One of the same name is an earlier self, or is told by the announcement.
    const others = (await discover(redis, 'orchestrator')).filter(({ name }) => name !== node);
    if (others.length > 0) log.warn({ others }, 'another orchestrator uses this Redis: their experiments disturb each other');
  } catch {
    // Redis is away again, or this orchestrator ends: a warning is no reason to wait.
  }
}
