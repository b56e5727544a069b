import { type LoadBalancerClient, LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { connect, createClock, readConfig } from '@galileo/service';
import { silentLog } from '@galileo/testkit';
import { variables } from '../src/config.ts';
import { startLoadBalancer } from '../src/service.ts';

export interface Balancer extends AsyncDisposable {
  /** HOST:PORT of the data port and of gRPC. */
  readonly http: string;
  readonly grpc: string;
  readonly metrics: string | undefined;
  readonly rpc: LoadBalancerClient;
  /** Sets one function's replicas: address -> weight. */
  weigh(name: string, replicas: Readonly<Record<string, number>>): Promise<void>;
}

/** Starts a load balancer on free ports, as node nodeX in zone-a, with one function `f` on `replicas` (weight 1 each). */
export async function startBalancer(replicas: readonly string[] = [], env: Record<string, string> = {}): Promise<Balancer> {
  const config = readConfig(variables, {
    galileo_grpc_listen: '127.0.0.1:0',
    galileo_lb_listen_host: '127.0.0.1',
    eb_go_lb_listen_port: '0',
    eb_go_lb_zone: 'zone-a',
    eb_go_lb_node_name: 'nodeX',
    ...env,
  });
  const service = await startLoadBalancer(config, { log: silentLog, clock: createClock() });
  const connection = connect(LoadBalancerDefinition, service.addresses['grpc']!);
  async function weigh(name: string, weights: Readonly<Record<string, number>>) {
    const list = Object.entries(weights).map(([address, weight]) => ({ address, weight }));
    await connection.client.setWeights({ functions: [{ function: name, replicas: list }] });
  }
  if (replicas.length > 0) await weigh('f', Object.fromEntries(replicas.map(address => [address, 1])));
  return {
    http: service.addresses['http']!,
    grpc: service.addresses['grpc']!,
    metrics: service.addresses['metrics'],
    rpc: connection.client as LoadBalancerClient,
    weigh,
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}
