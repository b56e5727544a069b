import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { pyFloat } from './python-json.ts';
import {
  decodeRpcRequest,
  decodeRpcResponse,
  encodeRpcRequest,
  encodeRpcResponse,
  failedResponse,
  gaveUp,
  remoteFailure,
} from './rpc.ts';
import { clientInfos, createClients, pingWorkers } from './worker-rpc.ts';

const type = '"__type": "pymq.core.RpcRequest"';
const config = { service: 'svc', client: null, parameters: null, workerLabels: null };

describe('a request', () => {
  it('is written as Galileo writes it', () => {
    expect(pingWorkers.encodeRequest('__rpc_1', undefined)).toBe(`{"__obj": ["WorkerDaemon.ping", "__rpc_1", [], {}], ${type}}`);
    expect(createClients('w1').encodeRequest('__rpc_1', { host: 'w1', config, num: 2 })).toBe(
      `{"__obj": ["WorkerDaemon.create_client:w1", "__rpc_1", [["w1", ["svc", null, null, null], 2]], {}], ${type}}`,
    );
  });

  test.each([
    ['in array form', `{"__obj": ["F", "r", [1], {}], ${type}}`, { args: [1], kwargs: {} }],
    ['in object form', `{"fn": "F", "response_channel": "r", "args": [1], "kwargs": {}, ${type}}`, { args: [1], kwargs: {} }],
    [
      'without arguments, which is answered by an error',
      `{"fn": "F", "response_channel": "r", ${type}}`,
      { args: null, kwargs: null },
    ],
  ])('is read %s', (_, payload, rest) => {
    expect(decodeRpcRequest(payload)).toEqual({ ok: true, value: { fn: 'F', responseChannel: 'r', ...rest } });
  });

  test.each([
    ['no type', '{"__obj": ["F", "r", [], {}]}', '__type is not pymq.core.RpcRequest'],
    ['another type', '{"__obj": ["F", "r", [], {}], "__type": "pymq.core.RpcResponse"}', '__type is not pymq.core.RpcRequest'],
    ['a bare array', '["F", "r", [], {}]', '__type is not pymq.core.RpcRequest'],
    ['a short array', `{"__obj": ["F", "r", []], ${type}}`, 'kwargs is missing'],
    ['no response channel', `{"fn": "F", "args": [], ${type}}`, 'response_channel is missing'],
    ['arguments that are no array', `{"__obj": ["F", "r", {}, {}], ${type}}`, 'args is not an array'],
    ['no JSON', 'x', 'not JSON: no value where one is expected'],
  ])('with %s is malformed', (_, payload, reason) => {
    expect(decodeRpcRequest(payload)).toEqual({ ok: false, reason });
  });

  it('is read back', () => {
    const json = fc.oneof(fc.string(), fc.maxSafeInteger(), fc.double().map(pyFloat), fc.constant(null), fc.boolean());
    const request = fc.record({
      fn: fc.string(),
      responseChannel: fc.string(),
      args: fc.option(fc.array(json)),
      kwargs: fc.option(fc.dictionary(fc.string(), json)),
    });
    fc.assert(
      fc.property(request, value => {
        expect(decodeRpcRequest(encodeRpcRequest(value))).toEqual({ ok: true, value });
      }),
    );
  });
});

describe('arguments', () => {
  const request = (args: readonly never[] | null) => ({ fn: 'F', responseChannel: 'r', args, kwargs: { cmd: 1 } });
  test.each([
    ['ping takes none', pingWorkers, ['x'], 'WorkerDaemon.ping takes 0 positional arguments but 1 were given'],
    ['there must be a list of them', clientInfos, null, "object of type 'NoneType' has no len()"],
    [
      'those by name do not count',
      createClients('w1'),
      [],
      "WorkerDaemon.create_client() missing 1 required positional argument: 'cmd'",
    ],
    ['a text is no command', createClients('w1'), ['bogus'], 'config is missing'],
  ])('%s', (_, callee, args, reason) => {
    expect(callee.decodeArgument(request(args as never))).toEqual({ ok: false, reason });
  });

  it('in surplus are passed over by a function that has some', () => {
    const args = [{ host: 'w1', config: { service: 'svc' } }, 'more'] as never;
    expect(createClients('w1').decodeArgument(request(args))).toEqual({ ok: true, value: { host: 'w1', config, num: 1 } });
  });
});

describe('an answer', () => {
  const description = { clientId: 'w1:svc:0', worker: 'w1', config };
  it('carries the result', () => {
    expect(pingWorkers.encodeResult('w1')).toBe(
      '{"__obj": ["WorkerDaemon.ping", "w1", "str", false], "__type": "pymq.core.RpcResponse"}',
    );
    const payload = clientInfos.encodeResult({ description, requests: 19, failed: 0 });
    expect(payload).toBe(
      '{"__obj": ["Client.get_info", [["w1:svc:0", "w1", ["svc", null, null, null]], 19, 0], "galileo.worker.api.ClientInfo", false], "__type": "pymq.core.RpcResponse"}',
    );
    const response = decodeRpcResponse(payload);
    expect(response.ok && clientInfos.decodeResult(response.value)).toEqual({
      ok: true,
      value: { ok: true, result: { description, requests: 19, failed: 0 } },
    });
  });

  it('or a failure', () => {
    const failure = { type: 'AttributeError', args: ["'NoneType' object has no attribute 'host'"] };
    const payload = encodeRpcResponse(failedResponse('WorkerDaemon.create_client:w1', failure));
    expect(payload).toBe(
      `{"__obj": ["WorkerDaemon.create_client:w1", ["'NoneType' object has no attribute 'host'"], "AttributeError", true], "__type": "pymq.core.RpcResponse"}`,
    );
    const response = decodeRpcResponse(payload);
    expect(response.ok && createClients('w1').decodeResult(response.value)).toEqual({ ok: true, value: { ok: false, failure } });
  });

  it('that did not come is a failure too', () => {
    expect(gaveUp(2)).toEqual({ type: 'TimeoutError', args: ['Gave up waiting after 2'] });
    expect(gaveUp(1.5).args).toEqual(['Gave up waiting after 1.5']);
  });

  it('may lack what has defaults', () => {
    const read = decodeRpcResponse('{"fn": "F", "result": 1, "__type": "pymq.core.RpcResponse"}');
    expect(read).toEqual({ ok: true, value: { fn: 'F', result: 1, resultType: null, error: false } });
    expect(read.ok && remoteFailure(read.value)).toBeUndefined();
    expect(remoteFailure({ fn: 'F', result: 'x', resultType: null, error: true })).toEqual({ type: 'Exception', args: ['x'] });
  });

  test.each([
    ['no type', '["F", 1, "int", false]', '__type is not pymq.core.RpcResponse'],
    ['no result', '{"fn": "F", "__type": "pymq.core.RpcResponse"}', 'result is missing'],
  ])('with %s is malformed', (_, payload, reason) => {
    expect(decodeRpcResponse(payload)).toEqual({ ok: false, reason });
  });

  it('with a result of another shape is malformed', () => {
    const response = { fn: 'Client.get_info', result: ['x', 1, 2], resultType: null, error: false };
    expect(clientInfos.decodeResult(response)).toEqual({ ok: false, reason: 'result.description.worker is missing' });
  });
});
