import type { Arrival } from '@galileo/workload';
import type { ClosedLoop, FlightLimit } from './closed-loop.ts';
import { type GrpcRequestSpec, grpcRequestSpec } from './grpc-request.ts';
import { withRecording } from './recordings.ts';
import type { RequestFiles } from './request-files.ts';
import { type HttpRequestSpec, httpRequestSpec } from './request-spec.ts';
import type { ExperimentFile } from './schema.ts';

/** An experiment, complete: defaults are filled in, references resolved. Spans are seconds. */
export interface ExperimentSpec {
  name: string;
  /** 0 to 2^53 - 1. */
  seed: number;
  duration: number;
  /** How load clients have to await requests; their own choice if undefined. */
  pacing: 'precise' | 'balanced' | 'eco' | undefined;
  /** First part of the duration, left out of the statistics. */
  warmup: number;
  services: ServiceSpec[];
  workloads: WorkloadSpec[];
  /** No nodes means all. */
  telemetry: { nodes: string[]; period: number };
  /** As `parseThreshold` of @galileo/analysis reads them. */
  thresholds: string[];
}

export interface ServiceSpec {
  name: string;
  /** `count` replicas each, `weight` for every single one. */
  replicas: { node: string; zone: string; count: number; weight: number }[];
  /** At least one of `process`, `external` and `kubernetes` is there. */
  process: ProcessSpec | undefined;
  external: ExternalSpec | undefined;
  kubernetes: KubernetesSpec | undefined;
}

/** How the process runner starts a replica. */
export interface ProcessSpec {
  /** Program and arguments, at least one. */
  command: string[];
  port: 'auto' | number;
  /** Without PORT, which the runner sets. */
  env: Readonly<Record<string, string>>;
  /** Without a path a connection to the port is enough. */
  ready: { path: string | undefined; timeout: number };
}

/** Where replicas are that run already. */
export interface ExternalSpec {
  /** HOST:PORT, one for each replica in the order of `replicasOf`. */
  addresses: string[];
  /** Without a path a connection to the port is enough. */
  ready: { path: string | undefined; timeout: number };
}

/** How a replica is started on Kubernetes. */
export interface KubernetesSpec {
  image: string;
  port: number | undefined;
  /** Quantities as Kubernetes writes them. */
  resources: { requests: Readonly<Record<string, string>>; limits: Readonly<Record<string, string>> };
  env: Readonly<Record<string, string>>;
}

export interface WorkloadSpec {
  /** Name of one of the services. */
  service: string;
  zone: string;
  clients: number;
  workerLabels: Readonly<Record<string, string>>;
  /** Either `request` or `app` is there. */
  request: HttpRequestSpec | GrpcRequestSpec | undefined;
  app: AppSpec | undefined;
  /** Of each client on its own. */
  arrival: Arrival | ClosedLoop;
  /** Of each client's arrival process; none for a closed loop. */
  limit: FlightLimit | undefined;
}

/** A client app: a program that makes the requests. */
interface AppSpec {
  name: string;
  /** JSON. */
  parameters: Readonly<Record<string, unknown>>;
}

/** One replica of a service. */
export interface ReplicaSpec {
  /** `<service>-<n>`, n from 0 over the whole service. */
  name: string;
  node: string;
  zone: string;
  weight: number;
}

type RequestInFile = NonNullable<ExperimentFile['workloads'][number]['request']>;

function requestSpec(request: RequestInFile, files: RequestFiles): HttpRequestSpec | GrpcRequestSpec {
  return request.protocol === 'grpc' ? grpcRequestSpec(request, files) : httpRequestSpec(request, files);
}

function readySpec({ path, timeout }: { path?: string | undefined; timeout: number }): ProcessSpec['ready'] {
  return { path, timeout };
}

/** Makes the spec of a valid file; `recordings` are the numbers, `requestFiles` the contents of the files that it names. */
export function specOf(
  file: ExperimentFile,
  seed: number,
  recordings: ReadonlyMap<string, readonly number[]>,
  requestFiles: RequestFiles,
): ExperimentSpec {
  return {
    name: file.name,
    seed,
    duration: file.duration,
    pacing: file.pacing,
    warmup: file.warmup,
    services: file.services.map(({ name, replicas, process, external, kubernetes }) => ({
      name,
      replicas,
      process: process === undefined ? undefined : { ...process, ready: readySpec(process.ready) },
      external: external === undefined ? undefined : { ...external, ready: readySpec(external.ready) },
      kubernetes: kubernetes === undefined ? undefined : { ...kubernetes, port: kubernetes.port },
    })),
    workloads: file.workloads.map(({ worker_labels: workerLabels, request, app, arrival, ...workload }) => ({
      ...workload,
      workerLabels,
      ...withRecording(arrival, recordings),
      request: request && requestSpec(request, requestFiles),
      app,
    })),
    telemetry: file.telemetry,
    thresholds: file.thresholds,
  };
}

/** The single replicas of a service in the order of the file. */
export function replicasOf(service: Pick<ServiceSpec, 'name' | 'replicas'>): ReplicaSpec[] {
  return service.replicas
    .flatMap(({ node, zone, count, weight }) => Array.from({ length: count }, () => ({ node, zone, weight })))
    .map((replica, index) => ({ name: `${service.name}-${index}`, ...replica }));
}
