export type { ClosedLoop, FlightLimit } from './closed-loop.ts';
export { jsonSchema } from './json-schema.ts';
export { environmentNames, type ParseOptions, type ParseResult, parseExperiment } from './parse.ts';
export { formatProblem, type Problem } from './problem.ts';
export { createRedaction } from './redaction.ts';
export { sizeProblem } from './request-files.ts';
export type { HttpRequestSpec } from './request-spec.ts';
export {
  type ExperimentSpec,
  type ExternalSpec,
  type KubernetesSpec,
  type ProcessSpec,
  type ReplicaSpec,
  replicasOf,
  type ServiceSpec,
  type WorkloadSpec,
} from './spec.ts';
