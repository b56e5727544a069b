export { advertised, isLoopback, joinAddress, listenError, splitAddress } from './addresses.ts';
export { type Clock, type ClockStep, createClock, type ProcessClock, type TimeSources } from './clock.ts';
export { commonVariables } from './common-variables.ts';
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
  size,
  text,
  url,
  type Variable,
  type Variables,
  variableTable,
} from './config.ts';
export { ConnectionError } from './connection-error.ts';
export { type Credentials, credentialsOf, credentialVariables } from './credentials.ts';
export { disposeAll } from './dispose-all.ts';
export { alreadyExists, deadlineExceeded, failedPrecondition, invalidArgument, notFound, unavailable } from './errors.ts';
export { type Connection, type ConnectOptions, connect, VersionMismatchError } from './grpc-client.ts';
export { adoptGrpcLog } from './grpc-log.ts';
export { type BoundService, bind, type GrpcServer, type GrpcServerOptions, startGrpcServer } from './grpc-server.ts';
export { waitForServing } from './health.ts';
export { createLog, type Logger, type LogLevel, logLevels } from './log.ts';
export { makeDirectory } from './make-directory.ts';
export { ensureNodeOptions } from './node-options.ts';
export { formatPageToken, type PagePosition, parsePageToken } from './page-token.ts';
export { type RunOptions, runService, type Service, type ServiceContext, startClock } from './run.ts';
export type { TlsIdentity } from './tls-files.ts';
export { compatible, version } from './version.ts';
