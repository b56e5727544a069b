import { once } from 'node:events';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:net';
import { startUpstream, until } from '@galileo/testkit';
import { splitHeaders, type Trace } from '@galileo/wire';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { everything } from './everything.ts';
import { answer, protoFiles, startEcho, startHttp2 } from './grpc-target-server.ts';
import { startWorker, type Worker } from './worker.ts';

interface CallFields {
  readonly method?: string;
  readonly message?: object;
  readonly metadata?: Record<string, string>;
  readonly timeout?: number;
  /** Without it the server is asked. */
  readonly proto?: Record<string, string>;
}

const byProto = { proto: protoFiles };
/** What the server's own reflection, which is made by protobufjs, does not tell: names in JSON that are chosen. */
const byReflection = { ...everything, other: undefined };

async function create(worker: Worker, host: string, { method = 'Say', message = {}, ...rest }: CallFields, count = 1) {
  await worker.rpc.setRoutes({ routes: [{ service: 'echo', hosts: [host], weights: [1] }] });
  const grpc = {
    method: method.includes('/') ? method : `test.echo.Echo/${method}`,
    messageJson: JSON.stringify(message),
    ...rest,
  };
  return (await worker.rpc.createClients({ service: 'echo', count, grpc })).clients.map(client => client.clientId);
}

/** Sends calls, and waits for their traces. */
async function play(worker: Worker, clientIds: readonly string[], requests = 1, gap = 0.001): Promise<Trace[]> {
  const own = () => worker.traces.filter(trace => clientIds.includes(trace.client));
  const before = own().length;
  for (const clientId of clientIds) await worker.load(clientId, { requests, gap });
  const total = before + requests * clientIds.length;
  return await until('the traces', () => (own().length >= total ? own().slice(before, total) : undefined));
}

const errorOf = (trace: Trace) => splitHeaders(trace.headers).details.error;
const headersOf = (trace: Trace) => JSON.parse(trace.headers ?? '{}') as Record<string, string>;

let worker: Worker;
beforeAll(async () => {
  worker = await startWorker({ galileo_trace_content: 'all' });
});
afterEach(async () => {
  await worker.rpc.closeClients({});
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
});

describe('a call of gRPC', () => {
  it.each([
    ['.proto files', undefined, { message: everything, ...byProto }],
    ['reflection', 'v1', { message: byReflection }],
    ['reflection of the older version', 'v1alpha', { message: byReflection }],
  ])('carries a message as it is described by %s, and is traced like any request', async (_, reflects, fields) => {
    await using echo = await startEcho({ reflects });
    const metadata = { 'x-key': 'value', 'x-raw-bin': 'AQID' };
    const clients = await create(worker, echo.address, { metadata, ...fields });
    const traces = await play(worker, clients, 3);
    expect(echo.said).toHaveLength(3);
    expect(echo.said[0]).toMatchObject({
      text: 'Grüße',
      big_number: '9007199254740993',
      raw: Buffer.from([1, 2, 3]),
      items_by_name: { a: { count: '18446744073709551615', more: [{ numbers: [1, -2] }] } },
      maybe: 0,
      inner: { count: '7' },
      color: 'COLOR_RED',
      circle: { radius: 1.5, marks: [1, 2] },
      unpacked: [-1, 1],
      renamed: reflects === undefined,
    });
    expect(echo.metadata[0]).toMatchObject({ 'x-key': 'value', 'x-raw-bin': Buffer.from([1, 2, 3]) });
    for (const trace of traces) {
      expect(trace).toMatchObject({ status: 200, server: echo.address, service: 'echo' });
      expect(JSON.parse(trace.response!)).toEqual(fields.message);
      const { details } = splitHeaders(trace.headers);
      expect(details.bytes).toBeGreaterThan(50);
      expect(trace.created).toBeLessThanOrEqual(details.released!);
      expect(details.released).toBeLessThanOrEqual(trace.sent);
      expect(trace.sent).toBeLessThanOrEqual(details.firstByte!);
      expect(details.firstByte).toBeLessThanOrEqual(trace.done);
      expect(headersOf(trace)).toMatchObject({ 'grpc-status': '0', 'content-type': expect.stringContaining('application/grpc') });
    }
    expect(traces.filter(trace => splitHeaders(trace.headers).details.connected !== null)).toHaveLength(1);
    expect(traces.map(trace => headersOf(trace)['x-count']).sort()).toEqual(['1', '2', '3']);
  });

  it('asks a server by the reflection of our own services', async () => {
    await using target = await startWorker({ galileo_worker_name: 'target' });
    await using worker = await startWorker({ galileo_trace_content: 'all', galileo_trace_body_bytes: '20' });
    const clients = await create(worker, target.address, { method: 'galileo.v1.LoadClient/Ping' });
    const [trace] = await play(worker, clients);
    // Cut at what is kept.
    expect(trace).toMatchObject({ status: 200, response: '{"worker":"target","' });
  });

  it('that is answered with an error counts as the HTTP status of that', async () => {
    const statuses = [499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401, 500];
    const details = 'wär ß% nicht';
    await using echo = await startEcho();
    for (const [index, status] of statuses.entries()) {
      const message = { code: index + 1, details };
      const [trace] = await play(worker, await create(worker, echo.address, { method: 'Fail', message, ...byProto }));
      expect([index + 1, trace!.status, errorOf(trace!)]).toEqual([index + 1, status, null]);
      expect(headersOf(trace!)).toMatchObject({ 'grpc-status': String(index + 1), 'grpc-message': details });
    }
    const { clients } = await worker.rpc.listClients({});
    expect(clients.map(({ requests, failed, fault }) => [requests, failed, fault])).toEqual(Array(17).fill([1, 1, '']));
  });

  it('is counted exactly, 500 at a time over one connection', async () => {
    await using echo = await startEcho();
    const clients = await create(worker, echo.address, { method: 'Wait', ...byProto }, 100);
    const playing = play(worker, clients, 5, 0.0001);
    await until('all calls to be on the way', () => echo.waiting.length === 500 || undefined);
    for (const answer of echo.waiting) answer();
    const traces = await playing;
    expect(traces.map(trace => trace.status)).toEqual(Array(500).fill(200));
    expect(new Set(traces.map(trace => trace.requestId)).size).toBe(500);
    expect(traces.filter(trace => splitHeaders(trace.headers).details.connected !== null)).toHaveLength(1);
  });

  it('waits, which counts as queueing, where the server takes no more at a time', async () => {
    const held: ServerHttp2Stream[] = [];
    let most = 0;
    await using target = await startHttp2({ maxConcurrentStreams: 2 }, stream => {
      held.push(stream);
      most = Math.max(most, held.length);
    });
    const clients = await create(worker, target.address, byProto);
    const playing = play(worker, clients, 6);
    for (let answered = 0; answered < 6; answered++) {
      await until('a call', () => held.length > 0 || undefined);
      if (answered < 4) await until('as many as it takes', () => held.length === 2 || undefined);
      answer(held.shift()!, Buffer.alloc(5));
    }
    const traces = (await playing).toSorted((one, other) => one.sent - other.sent);
    expect(traces.map(trace => trace.status)).toEqual(Array(6).fill(200));
    expect(most).toBe(2);
    // The third was sent no sooner than the first had ended.
    expect(traces[2]!.sent).toBeGreaterThanOrEqual(Math.min(traces[0]!.done, traces[1]!.done));
  });

  it('is given up when its time is over, and when its client is closed; the server hears of it', async () => {
    await using echo = await startEcho();
    const [late] = await create(worker, echo.address, { method: 'Wait', timeout: 0.05, ...byProto });
    const [trace] = await play(worker, [late!]);
    expect(trace).toMatchObject({ status: -1 });
    expect(errorOf(trace!)).toBe('timeout');
    expect(trace!.sent).toBeGreaterThan(0);
    await until('the server to hear', () => echo.cancelled() === 1 || undefined);
    const clients = await create(worker, echo.address, { method: 'Wait', ...byProto });
    const playing = play(worker, clients);
    await until('the call', () => echo.waiting.length === 2 || undefined);
    await worker.rpc.closeClients({ clientIds: clients });
    expect((await playing).map(errorOf)).toEqual(['cancelled']);
    await until('the server to hear', () => echo.cancelled() === 2 || undefined);
  });
});

describe('a server', () => {
  it.each([
    ['.proto files', undefined, byProto],
    ['reflection', 'v1', {}],
  ])('that is not there yet is found by the first call after it has come, with %s', async (_, reflects, fields) => {
    const { port } = await (async () => {
      await using early = await startEcho();
      return early;
    })();
    const clients = await create(worker, `127.0.0.1:${port}`, fields);
    const missed = await play(worker, clients, 3);
    expect(missed.map(errorOf)).toEqual(['refused', 'refused', 'refused']);
    expect(missed.map(trace => [trace.status, trace.sent])).toEqual(Array(3).fill([-1, -1]));
    {
      await using echo = await startEcho({ port, reflects });
      expect((await play(worker, clients, 3)).map(trace => trace.status)).toEqual([200, 200, 200]);
      expect(echo.said).toHaveLength(3);
    }
    expect((await play(worker, clients)).map(trace => trace.status)).toEqual([-1]);
    await using _again = await startEcho({ port, reflects });
    expect((await play(worker, clients)).map(trace => trace.status)).toEqual([200]);
    expect((await worker.rpc.listClients({})).clients[0]!.fault).toBe('');
  });

  it('that dies takes the calls on the way with it', async () => {
    const echo = await startEcho();
    const clients = await create(worker, echo.address, { method: 'Wait', ...byProto });
    const playing = play(worker, clients, 2);
    await until('the calls', () => echo.waiting.length === 2 || undefined);
    await echo[Symbol.asyncDispose]();
    for (const trace of await playing) {
      expect(trace.status).toBe(-1);
      expect(['closed', 'reset']).toContain(errorOf(trace));
      expect(trace.sent).toBeGreaterThan(0);
    }
  });

  it('that does not answer any more is left for another connection once a call has waited in vain', async () => {
    let silent = true;
    await using target = await startHttp2({}, stream => {
      if (silent) return;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
    });
    const clients = await create(worker, target.address, { timeout: 0.05, ...byProto });
    expect((await play(worker, clients)).map(errorOf)).toEqual(['timeout']);
    silent = false;
    expect((await play(worker, clients)).map(trace => trace.status)).toEqual([404]);
    expect(target.sessions.size).toBe(2);
  });

  it.each([
    ['speaks HTTP/1.1', 'protocol', -1],
    ['ends without a status', 'protocol', -1],
    ['sends half a message', 'protocol', -1],
    ['takes a call back', 'reset', -1],
    ['answers in HTTP', null, 502],
  ])('that %s gives %s, %i', async (what, kind, status) => {
    await using http1 = await startUpstream((_, response) => void response.end());
    await using http2 = await startHttp2({}, stream => {
      if (what === 'takes a call back') stream.close(constants.NGHTTP2_CANCEL);
      else if (what === 'answers in HTTP') stream.respond({ ':status': 502 }, { endStream: true });
      else if (what === 'sends half a message') answer(stream, Buffer.from([0, 0, 0, 0, 9, 1, 2]));
      else stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { endStream: true });
    });
    const clients = await create(worker, what === 'speaks HTTP/1.1' ? http1.address : http2.address, byProto);
    const [trace] = await play(worker, clients);
    expect([errorOf(trace!), trace!.status]).toEqual([kind, status]);
  });

  it('without a route is left once the calls on the way to it are over', async () => {
    const held: ServerHttp2Stream[] = [];
    await using target = await startHttp2({}, stream => held.push(stream));
    const playing = play(worker, await create(worker, target.address, byProto));
    await until('the call', () => held.length === 1 || undefined);
    await worker.rpc.setRoutes({ routes: [] });
    answer(held[0]!, Buffer.alloc(5));
    expect((await playing).map(trace => trace.status)).toEqual([200]);
    const [session] = target.sessions;
    await until('the end of its connection', () => session!.destroyed || undefined);
  });

  it('that accepts and says nothing is given up in time', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const clients = await create(worker, `127.0.0.1:${port}`, { timeout: 0.05 });
    expect((await play(worker, clients)).map(errorOf)).toEqual(['timeout']);
    server.close();
  });
});

describe('a client', () => {
  const faults: readonly [sentence: string, reflects: string | undefined, fields: CallFields, fault: RegExp][] = [
    ['a server without reflection', undefined, {}, /^127\.0\.0\.1:\d+ has no reflection; allowed: a server with reflection, or/],
    [
      'a service that is not there',
      'v1',
      { method: 'test.echo.Other/Say' },
      /has no service "test.echo.Other", as its reflection says/,
    ],
    [
      'a method that is not there',
      'v1',
      { method: 'Shout' },
      /method: found "Shout" of test\.echo\.Echo; allowed: Say, Fail, Wait/,
    ],
    ['a message that does not fit', 'v1', { message: { colour: 1 } }, /message: .*test\.echo\.Everything.*"colour" is unknown/],
  ];
  it.each(faults)('stops and says why: %s', async (_, reflects, fields, fault) => {
    await using echo = await startEcho({ reflects });
    const [id] = await create(worker, echo.address, fields);
    await worker.load(id!, { duration: 60, gap: 0.01 });
    const { clients } = await until('the fault', async () => {
      const listed = await worker.rpc.listClients({});
      return listed.clients[0]!.fault !== '' && !listed.clients[0]!.busy ? listed : undefined;
    });
    expect(clients[0]!.fault).toMatch(fault);
    for await (const { faults } of worker.rpc.watchStatistics({ interval: 0.05 })) {
      expect(faults).toEqual([`${id}: ${clients[0]!.fault}`]);
      break;
    }
    expect(echo.said).toHaveLength(0);
  });

  it('of a worker whose requests go nowhere asks nobody', async () => {
    await using worker = await startWorker({ galileo_router_type: 'DebugRouter' });
    const clients = await create(worker, '127.0.0.1:1', { method: 'no.Such/Method' });
    expect((await play(worker, clients, 2)).map(trace => [trace.status, trace.server])).toEqual(Array(2).fill([200, null]));
  });

  it('reaches the static host, whose path does not count', async () => {
    await using echo = await startEcho();
    await using worker = await startWorker({
      galileo_router_type: 'StaticRouter',
      galileo_router_static_host: `http://${echo.address}/below`,
    });
    expect((await play(worker, await create(worker, '127.0.0.1:1', byProto))).map(trace => trace.status)).toEqual([200]);
  });

  const refused: readonly [sentence: string, fields: object, message: RegExp][] = [
    ['no method', { method: '' }, /INVALID_ARGUMENT: grpc.method: found ""; allowed: package.Service\/Method/],
    ['a path as method', { method: '/a/b/c' }, /grpc.method: found "\/a\/b\/c"/],
    ['a message that is no JSON', { messageJson: '{' }, /grpc.message_json: found .*; allowed: JSON/],
    ['a name of metadata in capitals', { metadata: { 'X-A': '1' } }, /grpc.metadata: found "X-A"; allowed: a name of lower-case/],
    ['metadata that is gRPC itself', { metadata: { 'grpc-timeout': '1S' } }, /grpc.metadata: found "grpc-timeout"/],
    [
      'metadata with a line break',
      { metadata: { a: 'secret\n' } },
      /grpc.metadata: found "a"; allowed: a value of visible ASCII/,
    ],
    ['binary metadata that is no base64', { metadata: { 'a-bin': '!' } }, /found "a-bin"; allowed: a value in base64/],
    ['a negative time-out', { timeout: -1 }, /grpc.timeout: found -1; allowed: seconds above 0/],
    [
      'an import that is missing',
      { proto: { 'echo.proto': protoFiles['echo.proto']! } },
      /found import "shapes.proto"; allowed: echo.proto/,
    ],
    [
      'a file that is none',
      { proto: { 'a.proto': 'syntax = "proto3"; message {' } },
      /grpc.a.proto: illegal type name '{'.*line 1/,
    ],
    ['a method that the files lack', { method: 'test.echo.Echo/No', ...byProto }, /grpc.method: found "No".*allowed: Say, Fail/],
    [
      'a stream',
      { method: 'test.echo.Echo/Stream', ...byProto },
      /found test.echo.Echo\/Stream, whose messages are streams; allowed: a unary/,
    ],
    ['a field that the files lack', { messageJson: '{"txt":""}', ...byProto }, /grpc.message: .*key "txt" is unknown/],
    ['a field of another type', { messageJson: '{"numbers":["x"]}', ...byProto }, /grpc.message: .*numbers/],
  ];
  it('is refused what can not be called', async () => {
    for (const [sentence, fields, message] of refused) {
      const grpc = { method: 'test.echo.Echo/Say', ...fields };
      const error = await worker.rpc.createClients({ service: 'echo', count: 1, grpc }).catch(error => String(error));
      expect(error, sentence).toMatch(message);
    }
    expect((await worker.rpc.listClients({})).clients).toEqual([]);
  });

  it('sends one thing', async () => {
    const both = { request: { path: '/' }, grpc: { method: 'a.B/C' } };
    await expect(worker.rpc.createClients({ service: 'echo', count: 1, ...both })).rejects.toThrow(
      /grpc: found request beside it/,
    );
  });
});
