import type {
  FunctionWeights as FunctionMessage,
  GetStatisticsResponse,
  GetWeightsResponse,
  LoadBalancerServiceImplementation,
} from '@galileo/proto/loadbalancer';
import { invalidArgument } from '@galileo/service';
import type { Functions } from './functions.ts';
import { functionsProblem } from './functions-problem.ts';

/** gRPC handlers of the service LoadBalancer. */
export function createRpc(functions: Functions, ownAnswers: () => number): LoadBalancerServiceImplementation {
  return {
    async setWeights(request) {
      const changes = request.functions.map(message => ({ name: message.function, replicas: message.replicas }));
      const problem = functionsProblem(changes);
      if (problem !== undefined) throw invalidArgument(problem);
      functions.replace(changes);
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
      return { replicas, ownAnswers: ownAnswers() };
    },
  };
}
