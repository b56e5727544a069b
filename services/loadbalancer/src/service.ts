import { hostname } from 'node:os';
import { announce } from '@galileo/bus';
import { connectRedis } from '@galileo/bus/connect-redis';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { startClockReport } from '@galileo/reconcile';
import {
  advertised,
  bind,
  ConfigError,
  credentialsOf,
  listenError,
  type Service,
  type ServiceContext,
  startGrpcServer,
} from '@galileo/service';
import { startMetrics } from '@galileo/service/metrics';
import { createBalancer } from './balance.ts';
import { type Config, etcdOf, redisOf } from './config.ts';
import { startDataServer } from './data-server.ts';
import { followEtcdWeights } from './etcd-weights.ts';
import { createFunctions } from './functions.ts';
import { canonicalHeaderName, headerToken } from './headers.ts';
import { createMetrics } from './metrics.ts';
import { openReplica, type ReplicaLimits } from './replica.ts';
import { createRpc } from './rpc.ts';

/** The node's name; it becomes part of the name of a header. */
function nodeOf(config: Config): string {
  const node = config.nodeName ?? hostname();
  if (!headerToken.test(node)) {
    throw new ConfigError([
      `eb_go_lb_node_name: ${JSON.stringify(node)} is not allowed; allowed: what a header's name may have: letters, digits, - . _`,
    ]);
  }
  return node;
}

/**
 * Starts the load balancer; resolves once it listens. With weights from etcd health says NOT_SERVING until they are there for the
 * first time, however long that takes. @throws ConfigError if something can't be listened on.
 */
export async function startLoadBalancer(config: Config, context: ServiceContext): Promise<Service> {
  const owned: AsyncDisposable[] = [];
  const stop = async () => {
    for (let thing = owned.pop(); thing !== undefined; thing = owned.pop()) await thing[Symbol.asyncDispose]();
  };
  try {
    const addresses = await compose(config, context, owned);
    return { addresses, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Wires everything up. What it puts into `owned` is to be disposed of from the last to the first. */
async function compose(config: Config, { log, clock }: ServiceContext, owned: AsyncDisposable[]): Promise<Service['addresses']> {
  const own = <T extends AsyncDisposable>(thing: T): T => {
    owned.push(thing);
    return thing;
  };
  const node = nodeOf(config);
  const etcd = etcdOf(config);
  const redisSettings = redisOf(config);
  const limits: ReplicaLimits = {
    connectTimeout: config.connectTimeout,
    responseTimeout: config.responseTimeout,
    idleTimeout: config.replicaIdleTimeout,
    maxHeaderBytes: config.maxHeaderBytes,
    connections: config.replicaConnections,
  };
  const counters = { ownAnswers: 0, refusedWeights: 0 };
  const onOwnAnswer = () => {
    counters.ownAnswers++;
  };
  const functions = own(createFunctions((address, counted) => openReplica(address, counted, limits)));
  const { listenHost: host, listenPort: port, clientIdleTimeout, maxHeaderBytes, zone } = config;
  let httpAddress = `${host}:${port}`;
  const rpc = createRpc({
    functions,
    node,
    zone,
    weightsFromEtcd: etcd !== undefined,
    http: () => advertised(config, httpAddress),
    ownAnswers: () => counters.ownAnswers,
  });
  const grpc = own(
    await startGrpcServer({
      listen: config.listen,
      credentials: credentialsOf(config),
      insecure: config.insecure,
      services: [bind(LoadBalancerDefinition, rpc)],
      log,
    }),
  );
  const { metricsListen } = config;
  const metrics =
    metricsListen === undefined ? undefined : own(await startMetrics(metricsListen, createMetrics(functions, counters)));
  const stampName = canonicalHeaderName(`X-Forwarded-Host-${node}`);
  const handle = createBalancer({
    handler: config.handler,
    zone,
    functions,
    forwarding: { node, stampName, limits, clock, log },
    onOwnAnswer,
  });
  const http = own(
    await startDataServer({ host, port, clientIdleTimeout, maxHeaderBytes, handle, onRefusal: onOwnAnswer }).catch(error => {
      throw listenError('galileo_lb_listen_host, eb_go_lb_listen_port', httpAddress, error);
    }),
  );
  httpAddress = http.address;
  if (etcd === undefined) grpc.setServing(true);
  else {
    const onRefused = () => {
      counters.refusedWeights++;
    };
    log.info({ etcd: etcd.endpoints, zone }, 'the weights are those of etcd');
    own(followEtcdWeights({ etcd, zone, functions, log, onRefused, onLoaded: () => grpc.setServing(true) }));
  }
  const { recorder } = config;
  if (recorder !== undefined) {
    own(startClockReport({ recorder, credentials: credentialsOf(config), service: 'loadbalancer', node, clock, log }));
  }
  if (redisSettings !== undefined) {
    const redis = own(connectRedis(redisSettings, { log, name: 'loadbalancer' }));
    own(announce({ redis, kind: 'loadbalancer', name: node, address: advertised(config, grpc.address), log }));
  }
  owned.push({ [Symbol.asyncDispose]: async () => grpc.setServing(false) });
  return { grpc: grpc.address, http: http.address, ...(metrics && { metrics: metrics.address }) };
}
