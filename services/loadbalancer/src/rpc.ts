import {
  type FunctionWeights as FunctionMessage,
  type GetInfoResponse,
  type GetStatisticsResponse,
  type GetWeightsResponse,
  type LoadBalancerServiceImplementation,
  WeightSource,
} from '@galileo/proto/loadbalancer';
import { failedPrecondition, invalidArgument } from '@galileo/service';
import type { Functions } from './functions.ts';
import { functionsProblem } from './functions-problem.ts';

export interface RpcOptions {
  readonly functions: Functions;
  readonly node: string;
  readonly zone: string;
  /** Are the weights those that etcd holds? */
  readonly weightsFromEtcd: boolean;
  /** HOST:PORT that others send requests to. */
  http(): string;
  /** Requests that the load balancer answered itself. */
  ownAnswers(): number;
}

/** gRPC handlers of the service LoadBalancer. */
export function createRpc(options: RpcOptions): LoadBalancerServiceImplementation {
  const { functions, node, zone, weightsFromEtcd } = options;
  const weightSource = weightsFromEtcd ? WeightSource.ETCD : WeightSource.GRPC;
  return {
    async getInfo(): Promise<GetInfoResponse> {
      return { node, zone, http: options.http(), weightSource };
    },
    async setWeights(request) {
      if (weightsFromEtcd) {
        throw failedPrecondition(`the weights of this load balancer are those of zone ${zone} in etcd (eb_go_lb_etcd_host)`);
      }
      const changes = request.functions.map(message => ({ name: message.function, replicas: message.replicas }));
      const problem = functionsProblem(changes);
      if (problem !== undefined) throw invalidArgument(problem);
      const removed = changes.filter(({ replicas }) => replicas.length === 0);
      functions.replace(
        changes.filter(({ replicas }) => replicas.length > 0),
        removed.map(({ name }) => name),
      );
      return {};
    },
    async getWeights(): Promise<GetWeightsResponse> {
      const found = functions
        .weights()
        .map(({ name, replicas }): FunctionMessage => ({ function: name, replicas: [...replicas] }));
      return { functions: found };
    },
    async getStatistics(): Promise<GetStatisticsResponse> {
      const replicas = functions.statistics().map(({ name, ...counters }) => ({ function: name, ...counters }));
      return { replicas, ownAnswers: options.ownAnswers() };
    },
  };
}
