export { type Clock, createClock, type TimeSources } from './clock.ts';
export {
  address,
  addresses,
  ConfigError,
  type ConfigOf,
  duration,
  flag,
  integer,
  list,
  oneOf,
  optional,
  optionalAddress,
  optionalText,
  readConfig,
  secret,
  text,
  type Variable,
  type Variables,
  variableTable,
} from './config.ts';
export { alreadyExists, deadlineExceeded, failedPrecondition, invalidArgument, notFound, unavailable } from './errors.ts';
export { type Connection, type ConnectOptions, connect, VersionMismatchError, waitForServing } from './grpc-client.ts';
export { type BoundService, bind, type GrpcServer, type GrpcServerOptions, startGrpcServer } from './grpc-server.ts';
export { createLog, type Logger, logLevels } from './log.ts';
export { createRegistry, type MetricsServer, startMetrics } from './metrics.ts';
export { commonVariables, type RunOptions, runService, type Service, type ServiceContext } from './run.ts';
export { compatible, version } from './version.ts';
