import { hostname } from 'node:os';
import { redisSettings } from '@galileo/bus';
import { LoadClientDefinition } from '@galileo/proto/client';
import {
  advertised,
  bind,
  ConfigError,
  credentialsOf,
  type Service,
  type ServiceContext,
  startGrpcServer,
} from '@galileo/service';
import type { AppRequests } from './apps/app-requests.ts';
import type { ClientConfig } from './config.ts';
import { type OpenShard, openLoadGenerator } from './load-generator.ts';
import { allowedName, isName } from './names.ts';
import type { RedisSide } from './redis/redis-side.ts';
import { loadClientRpc } from './rpc.ts';
import { openShard, type ShardConfig } from './shards/open-shard.ts';
import { openThreadShard } from './shards/thread-shard.ts';

export { nodeOptions } from './background-threads.ts';
/** What a thread of the program runs. */
export { runShardThread as runThread } from './shards/shard-thread.ts';
export type { ClientConfig };

/** What few workers need is loaded when it is asked for: it would double what an idle one takes. */
async function openMetrics(listen: string) {
  const { createRegistry, startMetrics } = await import('@galileo/service/metrics');
  return await startMetrics(listen, createRegistry());
}

/** Few workers run apps: what finds them is loaded when the first one is asked for. */
function appRequestsOf({ appsDirectory: directory, appsRepository: repository, ...config }: ClientConfig): AppRequests {
  let loading: Promise<AppRequests> | undefined;
  return async wanted => {
    const options = { directory, repository, timeout: config.appTimeout, memory: config.appMemory };
    loading ??= import('./apps/app-requests.ts').then(({ createAppRequests }) => createAppRequests(options));
    return (await loading)(wanted);
  };
}

/**
 * Starts a load client. It resolves once the gRPC server listens and the recorder is connected, or, where Redis is used, the
 * routes are known, however long that takes. Whenever recorder or Redis are away, health says NOT_SERVING.
 * @throws ConfigError for a worker's name that can't stand in a trace, a static host that is none, or an address that can't be
 * listened on.
 */
export async function startClient(config: ClientConfig, { log, clock }: ServiceContext): Promise<Service> {
  const { recorder, labels, insecure, bus } = config;
  const credentials = credentialsOf(config);
  const redis = redisSettings(config);
  const worker = config.worker ?? hostname();
  if (!isName(worker)) {
    throw new ConfigError([`galileo_worker_name: ${JSON.stringify(worker)} is not allowed; allowed: ${allowedName}`]);
  }
  const now = () => clock.now();
  const stopping = new AbortController();

  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const shardConfig: ShardConfig = { ...config, worker };
  const openerOf = (index: number): OpenShard => {
    const place = { index, of: config.threads };
    if (config.threads === 1) return async events => openShard(shardConfig, place, { log, clock }, events);
    return events => openThreadShard(shardConfig, place, events, failure.reject);
  };
  const generator = await openLoadGenerator(
    worker,
    Array.from({ length: config.threads }, (_, index) => openerOf(index)),
  );
  const appRequests = appRequestsOf(config);
  let redisSide: RedisSide | undefined;
  const rpc = loadClientRpc({
    worker,
    labels,
    generator,
    appRequests,
    routeSource: bus === 'redis' ? 'redis' : 'grpc',
    clients: { opened: (clients, spec) => redisSide?.opened(clients, spec), closed: ids => redisSide?.closed(ids) },
    stopping: stopping.signal,
  });
  const services = [bind(LoadClientDefinition, rpc)];
  const serving = startGrpcServer({ listen: config.listen, credentials, insecure, services, log });
  const server = await serving.catch(async error => {
    await generator[Symbol.asyncDispose]();
    throw error;
  });
  const metrics = config.metricsListen === undefined ? undefined : await openMetrics(config.metricsListen);

  const needs = { traces: false, redis: bus !== 'redis' };
  const need = (change: Partial<typeof needs>) => {
    Object.assign(needs, change);
    server.setServing(needs.traces && needs.redis && !stopping.signal.aborted);
  };
  if (bus === 'redis') {
    // Controllers wait only 3 s for their clients.
    await generator.warmUp();
    const { openRedisSide } = await import('./redis/redis-side.ts');
    redisSide = openRedisSide({
      settings: redis,
      worker,
      labels,
      generator,
      appRequests,
      now,
      address: advertised(config, server.address),
      log,
      onState: ({ connected, subscribed, routed }) => need({ redis: connected && subscribed && routed }),
    });
  }
  const isRecorded = config.traceLogging === 'redis';
  if (isRecorded && redisSide === undefined) {
    log.info({ addresses: { grpc: server.address }, worker, recorder }, 'waiting for the recorder');
  }
  // Where there is Redis, Galileo's own recorders need none of ours; health tells whether ours is there.
  if (!isRecorded || redisSide === undefined) await generator.ready();
  if (redisSide !== undefined) {
    log.info({ redis: `${config.redisHost}:${config.redisPort}` }, 'waiting for the routes in Redis');
    await redisSide.ready();
    redisSide.enter();
  }
  generator.onConnection(connected => need({ traces: connected }));

  return {
    addresses: { grpc: server.address, ...(metrics === undefined ? {} : { metrics: metrics.address }) },
    failed: failure.promise,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.setServing(false);
      await redisSide?.leave();
      const closed = Promise.all([server[Symbol.asyncDispose](), metrics?.[Symbol.asyncDispose]()]);
      await generator[Symbol.asyncDispose]();
      await redisSide?.[Symbol.asyncDispose]();
      await closed;
    },
  };
}
