import { hostname } from 'node:os';
import { openPublisher, redisSettings } from '@galileo/bus';
import { LoadClientDefinition } from '@galileo/proto/client';
import { producerId, spoolSettings, startProducer } from '@galileo/reconcile';
import {
  advertised,
  bind,
  ConfigError,
  createRegistry,
  credentialsOf,
  type Service,
  type ServiceContext,
  startGrpcServer,
  startMetrics,
} from '@galileo/service';
import type { ClientConfig } from './config.ts';
import { createGenerator } from './generator.ts';
import { createHttpSender } from './http/http-sender.ts';
import { allowedName, isName } from './names.ts';
import { processTime } from './pacer-time.ts';
import { openRedisSide, type RedisSide } from './redis/redis-side.ts';
import { loadClientRpc } from './rpc.ts';
import { warmUp } from './warm-up.ts';

export type { ClientConfig };

/**
 * Starts a load client. It resolves once the gRPC server listens and the recorder is connected, or, where Redis is used, the
 * routes are known, however long that takes. Whenever recorder or Redis are away, health says NOT_SERVING.
 * @throws ConfigError for a worker's name that can't stand in a trace, or an address that can't be listened on.
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
  const id = producerId('client', worker);
  const stopping = new AbortController();

  const sender = createHttpSender({
    now,
    connections: config.connections,
    keepHeaders: config.traceContent !== 'none',
    keepBody: config.traceContent === 'all' ? config.traceBodyBytes : 0,
    onIdleFailure: (host, error) => log.debug({ host, err: error }, 'could not connect ahead'),
  });
  const generator = createGenerator({
    worker,
    time: processTime(now),
    sender,
    maxInFlight: config.maxInFlight,
    onClient: client => producer.openClient({ clientId: client.id, service: client.service, token: client.token }),
    onLaunch: ({ token }, counter) => producer.issued(token, counter),
    onTrace: trace => producer.trace(trace),
    onError: error => log.error({ err: error }, 'a request could not be sent or recorded'),
  });
  // A schedule that is under way would burst or stall if the time it goes by were set anew.
  const anchor = clock.keepAnchorWhile(() => !generator.isIdle());
  let redisSide: RedisSide | undefined;
  const rpc = loadClientRpc({
    worker,
    labels,
    generator,
    routeSource: bus === 'redis' ? 'redis' : 'grpc',
    clients: { opened: clients => redisSide?.opened(clients), closed: ids => redisSide?.closed(ids) },
    now,
    stopping: stopping.signal,
  });
  const services = [bind(LoadClientDefinition, rpc)];
  const server = await startGrpcServer({ listen: config.listen, credentials, insecure, services, log });
  const publisher = openPublisher({ bus, redis, recorder, credentials, producerId: id, log, closeTimeout: 2 });
  const producer = startProducer({
    publisher,
    recorder,
    credentials,
    service: 'client',
    node: worker,
    id,
    clock,
    log,
    spool: spoolSettings(config, { service: 'client', node: worker, recorder }),
    settle: generator.settled,
  });
  const metrics = config.metricsListen === undefined ? undefined : await startMetrics(config.metricsListen, createRegistry());

  const needs = { recorder: false, redis: bus !== 'redis' };
  const need = (change: Partial<typeof needs>) => {
    Object.assign(needs, change);
    server.setServing(needs.recorder && needs.redis && !stopping.signal.aborted);
  };
  if (bus === 'redis') {
    redisSide = openRedisSide({
      settings: redis,
      worker,
      labels,
      generator,
      address: advertised(config, server.address),
      log,
      onState: ({ connected, subscribed, routed }) => need({ redis: connected && subscribed && routed }),
    });
  }
  await warmUp(sender).catch((error: unknown) => log.warn({ err: error }, 'could not warm up: the first requests may be slow'));
  if (redisSide === undefined) {
    log.info({ addresses: { grpc: server.address }, worker, recorder }, 'waiting for the recorder');
    await producer.ready();
  } else {
    // Galileo's own recorders need none of ours; health tells whether ours is there.
    log.info({ redis: `${config.redisHost}:${config.redisPort}` }, 'waiting for the routes in Redis');
    await redisSide.ready();
    redisSide.enter();
  }
  producer.onConnection(recorder => need({ recorder }));

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
      await producer[Symbol.asyncDispose]();
      await publisher[Symbol.asyncDispose]();
      await redisSide?.[Symbol.asyncDispose]();
      await closed;
      anchor[Symbol.dispose]();
    },
  };
}
