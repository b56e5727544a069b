export {
  type ClientConfig,
  type ClientDescription,
  type ClientInfo,
  decodeClientDescription,
  encodeClientDescription,
} from './clients.ts';
export {
  type BusMessage,
  type CreateClientCommand,
  clientStartedEvent,
  clientStoppedEvent,
  closeClientCommand,
  createClientCommand,
  type Nothing,
  type OfClient,
  type OfClientAtHost,
  type OfWorker,
  pauseTracingCommand,
  registerWorkerCommand,
  registerWorkerEvent,
  type SetWorkloadCommand,
  setWorkloadCommand,
  startTracingCommand,
  stopClientsCommand,
  stopWorkloadCommand,
  unregisterWorkerEvent,
  workloadDoneEvent,
} from './commands.ts';
export { durationSeconds } from './duration.ts';
export { eventChannel, formatEvent, type GalileoEvent, parseEvent } from './event.ts';
export { experimentId } from './experiment-id.ts';
export {
  type BusClass,
  busChannel,
  busType,
  clientId,
  clientKey,
  eventBusPrefix,
  experimentQueueKey,
  nodeInfoKey,
  recordedArrivalsKey,
  rpcChannel,
  rpcResponseChannel,
  rpcResponseKey,
  type ServiceKind,
  serviceKey,
  serviceKeyPattern,
  serviceKinds,
  serviceName,
  serviceRenewal,
  serviceTtl,
  telemdCommandChannel,
  telemdCommandPattern,
  telemdNode,
  telemetryPattern,
  workerClientsKey,
  workerLabelsKey,
  workersKey,
} from './keys.ts';
export { eventPoint, telemetryPoint, tracePoint } from './line-protocol.ts';
export type { Parsed } from './parsed.ts';
export { spreadClients, type WorkerLoad } from './placement.ts';
export { decodeEnvelope, type Envelope, encodeEnvelope } from './pymq.ts';
export { pythonFloat } from './python-float.ts';
export {
  decodePython,
  encodePython,
  isPyNumber,
  isPyObject,
  type PlainJson,
  PyFloat,
  type PyJson,
  type PyNumber,
  type PyObject,
  plainJson,
  pyFloat,
  pyNumber,
} from './python-json.ts';
export {
  cancelQueued,
  decodeQueueItem,
  type ExperimentConfiguration,
  type ExperimentRow,
  encodeQueuedExperiment,
  findQueued,
  poisonItem,
  popQueueItem,
  pushQueueItem,
  type QueuedExperiment,
  type QueueItem,
  type WorkloadConfiguration,
  watchQueue,
} from './queue.ts';
export { parseRecordedArrivals, pushRecordedArrivals } from './recorded-arrivals.ts';
export {
  appendedRoute,
  clearRoutes,
  getRoute,
  listRoutes,
  parseRoute,
  type ReadRoute,
  type RedisCommand,
  removeRoute,
  routeHostsKey,
  routeServicesKey,
  routeUpdatesChannel,
  routeWeightsKey,
  setRoute,
  type WireRoute,
} from './routing.ts';
export {
  decodeRpcRequest,
  decodeRpcResponse,
  encodeRpcRequest,
  encodeRpcResponse,
  failedResponse,
  gaveUp,
  type RemoteFailure,
  type RpcRequest,
  type RpcResponse,
  remoteFailure,
  rpcResponseTtl,
} from './rpc.ts';
export {
  decodeNodeInfo,
  encodeNodeInfo,
  type NodeInfo,
  parseTelemdCommand,
  type TelemdCommand,
  telemdCommands,
} from './telemd.ts';
export { formatTelemetry, parseTelemetry, type TelemetrySample, telemetryChannel } from './telemetry.ts';
export {
  createTraceWriter,
  formatTrace,
  type InstanceTrace,
  parseTrace,
  type Trace,
  type TraceOrigin,
  traceChannel,
  traceOrigin,
} from './trace.ts';
export { formatTraceCsv, parseTraceCsv, traceCsvHeader } from './trace-csv.ts';
export { encodeHeaderMembers, encodeHeaders, splitHeaders, type TraceDetails } from './trace-details.ts';
export { WireError } from './wire-error.ts';
export { clientInfos, createClients, pingWorkers, type RemoteFunction, type RpcOutcome } from './worker-rpc.ts';
