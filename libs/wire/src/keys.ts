/*
 * Names of keys and channels in Redis, as Galileo's own parts use them. The bus (pymq) has its own prefix; telemetry, events,
 * traces, routes and registrations have none.
 */

/** Set of the names of all registered workers. */
export const workersKey = 'galileo:workers';

/** Hash of a worker's labels: the bare name of the worker. */
export const workerLabelsKey = (worker: string): string => worker;

/** Set of the ids of a worker's clients. */
export const workerClientsKey = (worker: string): string => `galileo:worker:${worker}:clients`;

/** Description of a client, see `encodeClientDescription`. */
export const clientKey = (clientId: string): string => `galileo:client:${clientId}`;

/** Id of a worker's n-th client (n from 0 over all services of the worker's process). */
export const clientId = (worker: string, service: string, n: number): string => `${worker}:${service}:${n}`;

/** List of a client's recorded inter-arrival times, in the order in which they were pushed from the left: the bare client id. */
export const recordedArrivalsKey = (clientId: string): string => clientId;

/** What announces itself under `galileo:service:<kind>:<name>`. */
export const serviceKinds = ['client', 'telemd', 'loadbalancer', 'recorder', 'orchestrator'] as const;
export type ServiceKind = (typeof serviceKinds)[number];

const servicePrefix = 'galileo:service:';

/** Key under which a service keeps its HOST:PORT. */
export const serviceKey = (kind: ServiceKind, name: string): string => `${servicePrefix}${kind}:${name}`;

/** Pattern of the keys of all services of a kind, for SCAN. */
export const serviceKeyPattern = (kind: ServiceKind): string => `${servicePrefix}${kind}:*`;

/** The name in a key that `serviceKeyPattern` found; `undefined` for another key. */
export function serviceName(kind: ServiceKind, key: string): string | undefined {
  const prefix = serviceKey(kind, '');
  return key.length > prefix.length && key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
}

/** Life of a service's key without renewal, and the span between renewals, seconds. */
export const serviceTtl = 15;
export const serviceRenewal = 5;

/** Pattern of the channels of all telemetry. */
export const telemetryPattern = 'telem/*';

/** Hash of what a node is, see `encodeNodeInfo`. */
export const nodeInfoKey = (node: string): string => `telemd.info:${node}`;

const telemdCommandPrefix = 'telemcmd/';

/** Channel on which a node's telemd takes commands. */
export const telemdCommandChannel = (node: string): string => `${telemdCommandPrefix}${node}`;

/** Pattern of the channels of all telemds: who subscribes to one is a node. */
export const telemdCommandPattern = `${telemdCommandPrefix}*`;

/** The node of a telemd's channel, slashes included; `undefined` for another channel. */
export function telemdNode(channel: string): string | undefined {
  return channel.startsWith(telemdCommandPrefix) && channel.length > telemdCommandPrefix.length
    ? channel.slice(telemdCommandPrefix.length)
    : undefined;
}

/** All that pymq does in Redis lives below this prefix. */
export const eventBusPrefix = '__eventbus:global:';

/** Python's module of the classes of the bus. */
export const busModule = 'galileo.worker.api';

/** Commands and events of the bus. The last three are defined, but no original part publishes them. */
export type BusClass =
  | 'RegisterWorkerCommand'
  | 'RegisterWorkerEvent'
  | 'UnregisterWorkerEvent'
  | 'StartTracingCommand'
  | 'PauseTracingCommand'
  | 'CreateClientCommand'
  | 'CloseClientCommand'
  | 'SetWorkloadCommand'
  | 'StopWorkloadCommand'
  | 'WorkloadDoneEvent'
  | 'StopClientsCommand'
  | 'ClientStartedEvent'
  | 'ClientStoppedEvent';

/** Python's full name of a class of the bus, the `__type` of its payloads. */
export const busType = (className: BusClass): string => `${busModule}.${className}`;

/** Channel of a command or event. */
export const busChannel = (className: BusClass): string => `${eventBusPrefix}${busType(className)}`;

/** Channel of an exposed function, by the name under which it is exposed. */
export const rpcChannel = (functionName: string): string => `${eventBusPrefix}${functionName}`;

/** The response channel that a request names (without the prefix); the id is a UUID of version 4. */
export const rpcResponseChannel = (id: string): string => `__rpc_${id}`;

/** List in which the callee leaves its answer, from the response channel that the request names. */
export const rpcResponseKey = (responseChannel: string): string => `${eventBusPrefix}${responseChannel}`;

/** List of the queued experiments. */
export const experimentQueueKey = `${eventBusPrefix}galileo:experiments:queue`;
