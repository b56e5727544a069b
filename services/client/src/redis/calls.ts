import type { Logger } from '@galileo/service';
import {
  type BusMessage,
  decodeRpcRequest,
  encodeRpcResponse,
  failedResponse,
  type RemoteFailure,
  type RemoteFunction,
  type RpcRequest,
  rpcResponseKey,
} from '@galileo/wire';
import { RequestError } from '../requests/request-error.ts';
import type { BusMessages } from './bus-messages.ts';

/** A call is refused; it is answered as this Python exception. */
export class CallError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.name = 'CallError';
    this.type = type;
  }
}

/** What the caller is told of an error; `undefined` if it is none of the caller's. */
function refusalOf(error: unknown): RemoteFailure | undefined {
  if (error instanceof CallError) return { type: error.type, args: [error.message] };
  if (error instanceof RequestError) return { type: 'ValueError', args: [error.message] };
  return undefined;
}

const ownFailure: RemoteFailure = { type: 'RuntimeError', args: ['the worker could not do it; its log says why'] };

/**
 * Makes the handler of a remote function: it answers each call by what `result` gives (undefined: not at all), or by the error
 * that it throws. Calls that are malformed are logged and get no answer, as from the original.
 */
export function callHandler<A, R>(
  fn: RemoteFunction<A, R>,
  options: { readonly messages: Pick<BusMessages, 'answer'>; readonly log: Logger },
  result: (argument: A, request: RpcRequest) => R | undefined | Promise<R | undefined>,
): (payload: string) => void {
  const { messages, log } = options;

  async function responseTo(request: RpcRequest): Promise<string | undefined> {
    try {
      const argument = fn.decodeArgument(request);
      if (!argument.ok) throw new CallError('TypeError', argument.reason);
      const value = await result(argument.value, request);
      return value === undefined ? undefined : fn.encodeResult(value);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) log.error({ call: fn.name, err: error }, 'a call failed');
      else log.warn({ call: fn.name, reason: refusal.args[0] }, 'a call is refused');
      return encodeRpcResponse(failedResponse(fn.name, refusal ?? ownFailure));
    }
  }

  async function answer(payload: string): Promise<void> {
    const request = decodeRpcRequest(payload);
    if (!request.ok) {
      log.warn({ call: fn.name, reason: request.reason }, 'a malformed call is ignored');
      return;
    }
    const response = await responseTo(request.value);
    if (response !== undefined) messages.answer(rpcResponseKey(request.value.responseChannel), response);
  }

  return payload => void answer(payload);
}

/** Makes the handler of a command. Commands that are malformed are logged and dropped. */
export function commandHandler<T>(command: BusMessage<T>, log: Logger, act: (message: T) => void): (payload: string) => void {
  return payload => {
    const message = command.decode(payload);
    if (message.ok) act(message.value);
    else log.warn({ command: command.type, reason: message.reason }, 'a malformed command is ignored');
  };
}
