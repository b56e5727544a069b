import { hostname } from 'node:os';
import { redisSettings } from '@galileo/bus';
import { LoadClientDefinition } from '@galileo/proto/client';
import { spoolSettings } from '@galileo/reconcile';
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
import { type ClientConfig, variables } from './config.ts';
import { createDebugSender } from './debug-sender.ts';
import { createGenerator } from './generator.ts';
import { createHttpSender } from './http/http-sender.ts';
import { allowedName, isName } from './names.ts';
import { processTime } from './pacer-time.ts';
import type { RedisSide } from './redis/redis-side.ts';
import { type RequestSpec, transportOf } from './requests/request-spec.ts';
import { createRouter, parseStaticHost, type StaticHost } from './router.ts';
import { loadClientRpc } from './rpc.ts';
import { openFileTraces } from './traces/file-traces.ts';
import { noTraces } from './traces/no-traces.ts';
import { openRecordedTraces } from './traces/recorded-traces.ts';
import { createTracing } from './traces/tracing.ts';
import { createTransports } from './transports.ts';
import { warmUp } from './warm-up.ts';

export type { ClientConfig };

function staticHostOf({ staticHost }: ClientConfig): StaticHost {
  try {
    return parseStaticHost(staticHost);
  } catch (error) {
    throw new ConfigError([`${variables.staticHost.env}: ${(error as Error).message}`]);
  }
}

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

  const time = processTime(now);
  const router = createRouter(config.routerType, staticHostOf(config));
  const senderOptions = {
    now,
    connections: config.connections,
    keepHeaders: config.traceLogging !== 'none' && config.traceContent !== 'none',
    keepBody: config.traceLogging !== 'none' && config.traceContent === 'all' ? config.traceBodyBytes : 0,
    onIdleFailure: (host: string, error: Error) => log.debug({ host, err: error }, 'could not connect ahead'),
  };
  // Whatever the transport: what goes nowhere must not leave the worker.
  const reaching = <T>(make: () => T) => (router.reaches ? make() : createDebugSender(now));
  const sender = createTransports(
    reaching(() => createHttpSender(senderOptions)),
    {
      undici: () => reaching(async () => (await import('./undici/undici-sender.ts')).createUndiciSender(senderOptions)),
      grpc: () => reaching(async () => (await import('./grpc-target/grpc-sender.ts')).createGrpcSender(senderOptions)),
    },
  );
  const load = async (spec: RequestSpec) => {
    const transport = transportOf(spec);
    if (transport !== undefined) await sender.load(transport);
  };
  const generator = createGenerator({
    worker,
    time,
    sender,
    router,
    maxInFlight: config.maxInFlight,
    pacing: config.pacing,
    openLog: client => tracing.logOf(traces.openClient(client)),
    onError: error => log.error({ err: error }, 'a request could not be sent or recorded'),
    onFault: ({ id, fault }) => log.error({ client: id, reason: fault }, 'a client sends nothing any more'),
    onOutput: (app, line) => log.debug({ app, line }, 'an app has printed'),
  });
  const appRequests = appRequestsOf(config);
  // A schedule that is under way would burst or stall if the time it goes by were set anew.
  const anchor = clock.keepAnchorWhile(() => !generator.isIdle());
  let redisSide: RedisSide | undefined;
  let warm: Promise<unknown> | undefined;
  const warmOnce = async () => {
    warm ??= warmUp(time).catch(error => log.warn({ err: error }, 'could not warm up: the first requests may be slow'));
    await warm;
  };
  const rpc = loadClientRpc({
    worker,
    labels,
    generator,
    appRequests,
    tracing: { start: () => tracing.start(), pause: () => tracing.pause() },
    routeSource: bus === 'redis' ? 'redis' : 'grpc',
    clients: { opened: clients => redisSide?.opened(clients), closed: ids => redisSide?.closed(ids) },
    load,
    now,
    prepare: warmOnce,
    clockEstimate: () => traces.clockEstimate(),
    stopping: stopping.signal,
  });
  const services = [bind(LoadClientDefinition, rpc)];
  const server = await startGrpcServer({ listen: config.listen, credentials, insecure, services, log });
  const openTraces = () => {
    if (config.traceLogging === 'none') return noTraces;
    if (config.traceLogging === 'file') return openFileTraces({ directory: config.traceDirectory, worker, log });
    const spool = spoolSettings(config, { service: 'client', node: worker, recorder });
    return openRecordedTraces({ bus, redis, recorder, credentials, worker, spool, clock, log, settle: generator.settled });
  };
  const traces = openTraces();
  const tracing = createTracing(() => traces.flush());
  const metrics = config.metricsListen === undefined ? undefined : await openMetrics(config.metricsListen);

  const needs = { traces: false, redis: bus !== 'redis' };
  const need = (change: Partial<typeof needs>) => {
    Object.assign(needs, change);
    server.setServing(needs.traces && needs.redis && !stopping.signal.aborted);
  };
  if (bus === 'redis') {
    // Controllers wait only 3 s for their clients.
    await warmOnce();
    const { openRedisSide } = await import('./redis/redis-side.ts');
    redisSide = openRedisSide({
      settings: redis,
      worker,
      labels,
      generator,
      tracing,
      appRequests,
      load,
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
  if (!isRecorded || redisSide === undefined) await traces.ready();
  if (redisSide !== undefined) {
    log.info({ redis: `${config.redisHost}:${config.redisPort}` }, 'waiting for the routes in Redis');
    await redisSide.ready();
    redisSide.enter();
  }
  traces.onConnection(connected => need({ traces: connected }));

  return {
    addresses: { grpc: server.address, ...(metrics === undefined ? {} : { metrics: metrics.address }) },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.setServing(false);
      await redisSide?.leave();
      generator.end();
      const closed = Promise.all([
        sender[Symbol.asyncDispose](),
        server[Symbol.asyncDispose](),
        metrics?.[Symbol.asyncDispose](),
      ]);
      await traces[Symbol.asyncDispose]();
      await redisSide?.[Symbol.asyncDispose]();
      await closed;
      anchor[Symbol.dispose]();
    },
  };
}
