import { type ClientDescription, type ClientInfo, clientDescription, clientInfo } from './clients.ts';
import { type Codec, listOf, str } from './codec.ts';
import { type CreateClientCommand, createClientCodec } from './commands.ts';
import { busModule, rpcChannel } from './keys.ts';
import { malformed, type Parsed, parsed } from './parsed.ts';
import type { PyJson } from './python-json.ts';
import {
  encodeRpcRequest,
  encodeRpcResponse,
  type RemoteFailure,
  type RpcRequest,
  type RpcResponse,
  remoteFailure,
} from './rpc.ts';

/** The outcome of a call. */
export type RpcOutcome<R> = { readonly ok: true; readonly result: R } | { readonly ok: false; readonly failure: RemoteFailure };

/** A function that workers or clients expose on the bus. */
export interface RemoteFunction<A, R> {
  /** Name under which it is exposed. */
  readonly name: string;
  /** Where requests are published. */
  readonly channel: string;
  /** Seconds that Galileo waits for each answer. */
  readonly timeout: number;
  /** Do all who listen answer (one answer per receiver of the request), or the one worker of the channel? */
  readonly multi: boolean;
  encodeRequest(responseChannel: string, argument: A): string;
  /** The argument of a request; the reason is what the callee answers as a TypeError. */
  decodeArgument(request: RpcRequest): Parsed<A>;
  encodeResult(result: R): string;
  decodeResult(response: RpcResponse): Parsed<RpcOutcome<R>>;
}

interface Definition<A, R> {
  readonly name: string;
  readonly timeout: number;
  readonly multi: boolean;
  readonly argument: { encode(argument: A): readonly PyJson[]; decode(args: readonly PyJson[]): Parsed<A> };
  readonly result: Codec<R>;
  readonly resultType: string;
}

function remoteFunction<A, R>({ name, timeout, multi, argument, result, resultType }: Definition<A, R>): RemoteFunction<A, R> {
  return {
    name,
    channel: rpcChannel(name),
    timeout,
    multi,
    encodeRequest: (responseChannel, value) =>
      encodeRpcRequest({ fn: name, responseChannel, args: argument.encode(value), kwargs: {} }),
    decodeArgument: ({ args }) => (args === null ? malformed("object of type 'NoneType' has no len()") : argument.decode(args)),
    encodeResult: value => encodeRpcResponse({ fn: name, result: result.encode(value, 'result'), resultType, error: false }),
    decodeResult(response) {
      const failure = remoteFailure(response);
      if (failure !== undefined) return parsed({ ok: false, failure });
      const decoded = result.decode(response.result, 'result');
      return decoded.ok ? parsed({ ok: true, result: decoded.value }) : decoded;
    },
  };
}

/** Surplus arguments are refused by functions without parameters, and by them alone. */
const noArgument = (name: string): Definition<undefined, never>['argument'] => ({
  encode: () => [],
  decode: args =>
    args.length === 0 ? parsed(undefined) : malformed(`${name} takes 0 positional arguments but ${args.length} were given`),
});

/** Every worker answers with its name. */
export const pingWorkers: RemoteFunction<undefined, string> = remoteFunction({
  name: 'WorkerDaemon.ping',
  timeout: 2,
  multi: true,
  argument: noArgument('WorkerDaemon.ping'),
  result: str,
  resultType: 'str',
});

/** A worker creates clients and answers with their descriptions; none, if the command is for another worker. */
export const createClients = (worker: string): RemoteFunction<CreateClientCommand, readonly ClientDescription[]> =>
  remoteFunction({
    name: `WorkerDaemon.create_client:${worker}`,
    timeout: 3,
    multi: false,
    argument: {
      encode: command => [createClientCodec.encode(command, '')],
      decode: ([command]) =>
        command === undefined
          ? malformed("WorkerDaemon.create_client() missing 1 required positional argument: 'cmd'")
          : createClientCodec.decode(command, ''),
    },
    result: listOf(clientDescription),
    resultType: 'list',
  });

/** Every client of every worker tells what it has done. */
export const clientInfos: RemoteFunction<undefined, ClientInfo> = remoteFunction({
  name: 'Client.get_info',
  timeout: 2,
  multi: true,
  argument: noArgument('Client.get_info'),
  result: clientInfo,
  resultType: `${busModule}.ClientInfo`,
});
