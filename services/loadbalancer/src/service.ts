import { hostname } from 'node:os';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { bind, ConfigError, type Service, type ServiceContext, startGrpcServer, startMetrics } from '@galileo/service';
import { createBalancer } from './balance.ts';
import type { Config } from './config.ts';
import { startDataServer } from './data-server.ts';
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

/** Starts to listen; where that is impossible, it is an error of the variables that say where. */
async function listening<T>(variables: string, value: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    throw new ConfigError([
      `${variables}: "${value}" can't be listened on: ${(error as Error).message}; allowed: an address of this machine with a free port`,
    ]);
  }
}

/** Starts the load balancer. @throws ConfigError if something can't be listened on. */
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
  const limits: ReplicaLimits = {
    connectTimeout: config.connectTimeout,
    responseTimeout: config.responseTimeout,
    idleTimeout: config.replicaIdleTimeout,
    maxHeaderBytes: config.maxHeaderBytes,
    connections: config.replicaConnections,
  };
  let ownAnswers = 0;
  const onOwnAnswer = () => {
    ownAnswers++;
  };
  const functions = own(createFunctions((address, counters) => openReplica(address, counters, limits)));
  const rpc = createRpc(functions, () => ownAnswers);
  const grpc = own(
    await startGrpcServer({ listen: config.listen, token: config.token, services: [bind(LoadBalancerDefinition, rpc)], log }),
  );
  const { metricsListen } = config;
  const startEndpoint = (address: string) =>
    listening('galileo_metrics_listen', address, () =>
      startMetrics(
        address,
        createMetrics(functions, () => ownAnswers),
      ),
    );
  const metrics = metricsListen === undefined ? undefined : own(await startEndpoint(metricsListen));
  const stampName = canonicalHeaderName(`X-Forwarded-Host-${node}`);
  const handle = createBalancer({
    handler: config.handler,
    zone: config.zone,
    functions,
    forwarding: { node, stampName, limits, clock, log },
    onOwnAnswer,
  });
  const { listenHost: host, listenPort: port, clientIdleTimeout, maxHeaderBytes } = config;
  const http = own(
    await listening('galileo_lb_listen_host, eb_go_lb_listen_port', `${host}:${port}`, () =>
      startDataServer({ host, port, clientIdleTimeout, maxHeaderBytes, handle, onRefusal: onOwnAnswer }),
    ),
  );
  grpc.setServing(true);
  owned.push({ [Symbol.asyncDispose]: async () => grpc.setServing(false) });
  return { grpc: grpc.address, http: http.address, ...(metrics && { metrics: metrics.address }) };
}
