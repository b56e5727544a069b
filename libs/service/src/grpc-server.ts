import { createHash, timingSafeEqual } from 'node:crypto';
import { ServerCredentials } from '@grpc/grpc-js';
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
import { isLoopback, joinAddress, listenError, splitAddress } from './addresses.ts';
import { ConfigError } from './config.ts';
import type { Credentials } from './credentials.ts';
import type { Logger } from './log.ts';
import { reflectionDefinition, reflectionOf } from './reflection.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { compatible, version, versionKey } from './version.ts';
import { findServers, watchConnections } from './watch-connections.ts';

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
  /** What callers must identify themselves with. Without any only a loopback address may be listened on. */
  readonly credentials: Credentials;
  /** Allows to listen beyond the loopback without credentials. */
  readonly insecure?: boolean | undefined;
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

/** Equal hashes mean equal texts, and comparing them takes the same time wherever the texts differ. */
const hashOf = (text: string) => createHash('sha256').update(text).digest();

/** A check of a call's `authorization`, that answers what is wrong with it. */
function tokenCheck(token: string | undefined): (authorization: string | undefined) => string | undefined {
  if (token === undefined) return () => undefined;
  const wanted = hashOf(`Bearer ${token}`);
  return authorization => {
    if (authorization === undefined) return 'the call carries no token: set galileo_token as it is set there';
    if (timingSafeEqual(hashOf(authorization), wanted)) return undefined;
    return 'the token of the call is wrong: set galileo_token as it is set there';
  };
}

/** Checks token and version of each call, and logs what a handler throws that is not a gRPC status. */
function guardCalls({ credentials, log }: GrpcServerOptions, refusals: Refusals) {
  const problemOf = tokenCheck(credentials.token);
  return async function* <Request, Response>(call: ServerMiddlewareCall<Request, Response>, context: CallContext) {
    const { path } = call.method;
    // That a status comes from here, and not from what stands between, is seen by the caller.
    context.header.set(versionKey, version);
    context.trailer.set(versionKey, version);
    const problem = openToAll.some(prefix => path.startsWith(prefix))
      ? undefined
      : problemOf(context.metadata.get('authorization'));
    if (problem !== undefined) {
      refusals.call(context.peer, path, problem);
      throw new ServerError(Status.UNAUTHENTICATED, problem);
    }
    const caller = context.metadata.get(versionKey);
    if (caller !== undefined && !compatible(caller, version)) {
      throw new ServerError(Status.FAILED_PRECONDITION, `version ${version} of Galileo can't be called from version ${caller}`);
    }
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      if (error instanceof ServerError || context.signal.aborted) throw error;
      log.error({ err: error, method: path }, 'call failed');
      throw new ServerError(Status.INTERNAL, error instanceof Error ? error.message : String(error));
    }
  };
}

/** @throws ConfigError if everybody who reaches the address could call, and nobody has said that this is meant. */
function checkOpenness({ listen, credentials, insecure, log }: GrpcServerOptions): void {
  const { host } = splitAddress(listen);
  if (isLoopback(host) || credentials.token !== undefined || credentials.tls !== undefined) return;
  if (insecure) {
    log.warn({ listen }, 'everybody who reaches this address may call: there is neither a token nor TLS (galileo_insecure)');
    return;
  }
  throw new ConfigError([
    `galileo_grpc_listen: ${JSON.stringify(listen)} is open to others, which is not allowed without credentials; allowed: ` +
      'a loopback address, or galileo_token, or galileo_tls_cert, galileo_tls_key and galileo_tls_ca, or galileo_insecure=true',
  ]);
}

/** Callers must show a certificate of the authority. */
function serverCredentials({ tls }: Credentials): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(tls.ca, [{ private_key: tls.key, cert_chain: tls.cert }], true);
}

/**
 * Starts a gRPC server with health and reflection.
 * @throws ConfigError if the address is not a loopback one and there are no credentials, or if it can't be listened on.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { listen, credentials } = options;
  checkOpenness(options);
  const refusals = createRefusals(options.log);
  const server = createServer({
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': 64 * 1024 * 1024,
  }).use(guardCalls(options, refusals));
  const health = HealthState();
  health.setStatus('unhealthy');
  server.add(HealthDefinition, HealthServiceImpl(health));
  const names: string[] = [];
  for (const { definition, implementation } of options.services) {
    server.add(definition, implementation as never);
    if (typeof definition.fullName === 'string') names.push(definition.fullName);
  }
  server.add(reflectionDefinition, reflectionOf(names));
  const { port, servers } = await findServers(() => server.listen(listen, serverCredentials(credentials))).catch(error => {
    // A handler that is missing shows here as well.
    throw error instanceof TypeError ? error : listenError('galileo_grpc_listen', listen, error);
  });
  const connections = watchConnections(servers, credentials.tls !== undefined, refusals);
  return {
    address: joinAddress(splitAddress(listen).host, port),
    setServing: serving => {
      health.setStatus(serving ? 'healthy' : 'unhealthy');
      for (const name of names) health.setStatus(serving ? 'healthy' : 'unhealthy', name);
    },
    async [Symbol.asyncDispose]() {
      health.setStatus('unhealthy');
      const force = setTimeout(() => {
        server.forceShutdown();
        // Connections that have not become sessions (TLS being set up) are unknown to the server.
        connections.end();
      }, 2000);
      connections.endSilent();
      await server.shutdown();
      clearTimeout(force);
    },
  };
}
