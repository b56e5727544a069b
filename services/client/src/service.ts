import { hostname } from 'node:os';
import { openDirectPublisher } from '@galileo/bus';
import { LoadClientDefinition } from '@galileo/proto/client';
import { producerId, startProducer } from '@galileo/reconcile';
import {
  bind,
  ConfigError,
  createRegistry,
  type Service,
  type ServiceContext,
  startGrpcServer,
  startMetrics,
} from '@galileo/service';
import type { ClientConfig } from './config.ts';
import { createGenerator } from './generator.ts';
import { allowedName, isName } from './names.ts';
import { processTime } from './pacer-time.ts';
import { loadClientRpc } from './rpc.ts';
import { createUndiciSender } from './undici/undici-sender.ts';
import { warmUp } from './warm-up.ts';

/** Bytes of a body that a trace keeps at most. */
const bodyCap = 64 * 1024;

export type { ClientConfig };

/**
 * Starts a load client. It resolves once the gRPC server listens and the recorder is connected, however long that takes;
 * until then, and whenever the recorder is away, health says NOT_SERVING.
 * @throws ConfigError for a worker's name that can't stand in a trace, or an address that can't be listened on.
 */
export async function startClient(config: ClientConfig, { log, clock }: ServiceContext): Promise<Service> {
  const { recorder, token, labels } = config;
  const worker = config.worker ?? hostname();
  if (!isName(worker)) {
    throw new ConfigError([`galileo_worker_name: ${JSON.stringify(worker)} is not allowed; allowed: ${allowedName}`]);
  }
  const now = () => clock.now();
  const id = producerId('client', worker);
  const stopping = new AbortController();

  const sender = createUndiciSender({
    now,
    connections: config.connections,
    keepBody: config.traceBodies === 'all' ? bodyCap : 0,
    onIdleFailure: (host, error) => log.debug({ host, err: error }, 'could not connect ahead'),
  });
  const generator = createGenerator({
    worker,
    time: processTime(now),
    sender,
    maxInFlight: config.maxInFlight,
    onClient: client => producer.openClient({ clientId: client.id, service: client.service, token: client.token }),
    onTrace: trace => producer.trace(trace),
    onError: error => log.error({ err: error }, 'a request could not be sent or recorded'),
  });
  const server = await startGrpcServer({
    listen: config.listen,
    token,
    services: [bind(LoadClientDefinition, loadClientRpc({ worker, labels, generator, now, stopping: stopping.signal }))],
    log,
  });
  const publisher = openDirectPublisher({ recorder, token, producerId: id, log, closeTimeout: 3 });
  const producer = startProducer({
    publisher,
    recorder,
    token,
    service: 'client',
    node: worker,
    id,
    clock,
    log,
    settle: generator.settled,
  });
  const metrics = config.metricsListen === undefined ? undefined : await startMetrics(config.metricsListen, createRegistry());

  log.info({ addresses: { grpc: server.address }, worker, recorder }, 'waiting for the recorder');
  await warmUp(sender).catch((error: unknown) => log.warn({ err: error }, 'could not warm up: the first requests may be slow'));
  await producer.ready();
  producer.onConnection(connected => server.setServing(connected && !stopping.signal.aborted));

  return {
    addresses: { grpc: server.address, ...(metrics === undefined ? {} : { metrics: metrics.address }) },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.setServing(false);
      generator.end();
      const closed = Promise.all([
        sender[Symbol.asyncDispose](),
        server[Symbol.asyncDispose](),
        metrics?.[Symbol.asyncDispose](),
      ]);
      await producer[Symbol.asyncDispose]();
      await publisher[Symbol.asyncDispose]();
      await closed;
    },
  };
}
