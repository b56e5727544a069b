import { anything, array, bool, dict, namedTuple, nullable, optional, required, str } from './codec.ts';
import type { Parsed } from './parsed.ts';
import { decodeTyped, encodeEnvelope } from './pymq.ts';
import { encodePython, type PyJson, type PyObject } from './python-json.ts';

/** Seconds that an answer which nobody takes stays in its list, counted from the last one put there. */
export const rpcResponseTtl = 300;

/** A call of an exposed function, published at `rpcChannel(fn)`. */
export interface RpcRequest {
  readonly fn: string;
  /** `rpcResponseChannel(id)`; the answer goes to the list `rpcResponseKey` of it. */
  readonly responseChannel: string;
  /** Positional arguments; null is answered by an error. */
  readonly args: readonly PyJson[] | null;
  /** Arguments by name, which callees ignore. */
  readonly kwargs: PyObject | null;
}

/** An answer. */
export interface RpcResponse {
  readonly fn: string;
  /** The result; of an error the arguments of the exception. */
  readonly result: PyJson;
  /** Python's name of the result's class (`str`, `list`, `galileo.worker.api.ClientInfo`) or of the exception. */
  readonly resultType: string | null;
  readonly error: boolean;
}

const requestType = 'pymq.core.RpcRequest';
const responseType = 'pymq.core.RpcResponse';

const request = namedTuple<RpcRequest>({
  fn: required('fn', str),
  responseChannel: required('response_channel', str),
  args: optional('args', nullable(array), null),
  kwargs: optional('kwargs', nullable(dict), null),
});

const response = namedTuple<RpcResponse>({
  fn: required('fn', str),
  result: required('result', anything),
  resultType: optional('result_type', nullable(str), null),
  error: optional('error', bool, false),
});

export const encodeRpcRequest = (value: RpcRequest): string =>
  encodeEnvelope({ type: requestType, value: request.encode(value, '') });

/** Reads a request. One without the right `__type` gets no answer from the Python side: it is malformed here. */
export function decodeRpcRequest(payload: string): Parsed<RpcRequest> {
  const value = decodeTyped(payload, requestType);
  return value.ok ? request.decode(value.value, '') : value;
}

export const encodeRpcResponse = (value: RpcResponse): string =>
  encodeEnvelope({ type: responseType, value: response.encode(value, '') });

/** Reads an answer; the right `__type` is needed. */
export function decodeRpcResponse(payload: string): Parsed<RpcResponse> {
  const value = decodeTyped(payload, responseType);
  return value.ok ? response.decode(value.value, '') : value;
}

/** What went wrong at the callee, or on the way to it. */
export interface RemoteFailure {
  /** Name of a Python exception. */
  readonly type: string;
  readonly args: readonly PyJson[];
}

/** The answer that tells of a failure. */
export const failedResponse = (fn: string, { type, args }: RemoteFailure): RpcResponse => ({
  fn,
  result: args,
  resultType: type,
  error: true,
});

/** The failure that an answer tells of, if it does. */
export function remoteFailure({ error, result, resultType }: RpcResponse): RemoteFailure | undefined {
  if (!error) return undefined;
  return { type: resultType ?? 'Exception', args: Array.isArray(result) ? result : [result] };
}

/** What a caller takes for an answer that did not come. */
export const gaveUp = (timeout: number): RemoteFailure => ({
  type: 'TimeoutError',
  args: [`Gave up waiting after ${encodePython(timeout)}`],
});
