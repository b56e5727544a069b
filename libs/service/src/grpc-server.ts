import { descriptorSet } from '@galileo/proto/descriptor';
import {
  type CallContext,
  type CompatServiceDefinition,
  createServer,
  ServerError,
  type ServerMiddlewareCall,
  type ServiceImplementation,
  Status,
} from 'nice-grpc';
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health';
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection';
import { ConfigError } from './config.ts';
import type { Logger } from './log.ts';
import { compatible, version, versionKey } from './version.ts';

/** A gRPC service with its handlers; made by `bind`. */
export interface BoundService {
  readonly definition: CompatServiceDefinition;
  readonly implementation: object;
}

/** Ties handlers to a generated service definition. */
export function bind<D extends CompatServiceDefinition>(definition: D, implementation: ServiceImplementation<D>): BoundService {
  return { definition, implementation };
}

export interface GrpcServerOptions {
  /** HOST:PORT; port 0 lets the system choose. */
  readonly listen: string;
  /** Bearer token that calls must carry. Without one only a loopback address may be listened on. */
  readonly token: string | undefined;
  readonly services: readonly BoundService[];
  readonly log: Logger;
}

export interface GrpcServer extends AsyncDisposable {
  /** HOST:PORT that is listened on. */
  readonly address: string;
  /** What the health service answers; NOT_SERVING until first told otherwise. */
  setServing(serving: boolean): void;
}

const openToAll = ['/grpc.health.', '/grpc.reflection.'];

/** Checks token and version of each call, and logs what a handler throws that is not a gRPC status. */
function guardCalls(options: GrpcServerOptions) {
  return async function* <Request, Response>(call: ServerMiddlewareCall<Request, Response>, context: CallContext) {
    const open = openToAll.some(prefix => call.method.path.startsWith(prefix));
    if (options.token !== undefined && !open && context.metadata.get('authorization') !== `Bearer ${options.token}`) {
      throw new ServerError(Status.UNAUTHENTICATED, 'the call carries no valid token (galileo_token)');
    }
    const caller = context.metadata.get(versionKey);
    if (caller !== undefined && !compatible(caller, version)) {
      throw new ServerError(Status.FAILED_PRECONDITION, `version ${version} of Galileo can't be called from version ${caller}`);
    }
    context.header.set(versionKey, version);
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      if (error instanceof ServerError || context.signal.aborted) throw error;
      options.log.error({ err: error, method: call.method.path }, 'call failed');
      throw new ServerError(Status.INTERNAL, error instanceof Error ? error.message : String(error));
    }
  };
}

const loopback = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;

/**
 * Starts a gRPC server with health and reflection.
 * @throws ConfigError if the address is not a loopback one and there is no token, or if it can't be listened on.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const host = options.listen.slice(0, options.listen.lastIndexOf(':'));
  if (options.token === undefined && !loopback.test(host)) {
    throw new ConfigError([
      `galileo_grpc_listen: ${JSON.stringify(options.listen)} is not allowed without galileo_token; allowed: a loopback address, or a token`,
    ]);
  }
  const server = createServer({
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': 64 * 1024 * 1024,
  }).use(guardCalls(options));
  const health = HealthState();
  health.setStatus('unhealthy');
  server.add(HealthDefinition, HealthServiceImpl(health));
  const names: string[] = [];
  for (const { definition, implementation } of options.services) {
    server.add(definition, implementation as never);
    if (typeof definition.fullName === 'string') names.push(definition.fullName);
  }
  server.add(ServerReflectionService, ServerReflection(descriptorSet, names));
  let port: number;
  try {
    port = await server.listen(options.listen);
  } catch (error) {
    throw new ConfigError([
      `galileo_grpc_listen: ${JSON.stringify(options.listen)} can't be listened on: ${(error as Error).message}`,
    ]);
  }
  return {
    address: `${host}:${port}`,
    setServing: serving => {
      health.setStatus(serving ? 'healthy' : 'unhealthy');
      for (const name of names) health.setStatus(serving ? 'healthy' : 'unhealthy', name);
    },
    async [Symbol.asyncDispose]() {
      health.setStatus('unhealthy');
      const force = setTimeout(() => server.forceShutdown(), 2000);
      await server.shutdown();
      clearTimeout(force);
    },
  };
}
