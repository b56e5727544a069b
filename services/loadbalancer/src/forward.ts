import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock, Logger } from '@galileo/service';
import type { Dispatcher } from 'undici';
import { answer, writeHead } from './answers.ts';
import { extraFields, type Hop, hopFields, requestFields, responseFields, serverTiming } from './headers.ts';
import type { Connection, Replica, ReplicaLimits } from './replica.ts';
import { connectionLost, describeFailure } from './replica-error.ts';
import { bodyOf, hasBody } from './request-body.ts';

export interface ForwardContext {
  /** Name of this node, and of its time-stamp header. */
  readonly node: string;
  readonly stampName: string;
  readonly limits: ReplicaLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One request on its way to a replica and back. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly replica: Replica;
  readonly context: ForwardContext;
  readonly hop: Hop;
  readonly body: Readable | null;
  controller: Dispatcher.DispatchController | undefined;
  /** When the replica's connection was ready, and when the first byte of its answer came; UNIX seconds. */
  sentAt: number;
  answeredAt: number;
  /** The client has gone: nothing is worth doing any more. */
  abandoned: boolean;
  over: boolean;
}

/** Methods that may be sent a second time when nothing is known of the first (RFC 9110, 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Sends a request to a replica and its answer back, with back-pressure in both directions.
 * @returns what to call when the client has gone: the replica's connection is then broken off.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  replica: Replica,
  context: ForwardContext,
): () => void {
  const hop: Hop = {
    replica: replica.address,
    node: context.node,
    stampName: context.stampName,
    at: context.clock.now(),
  };
  const body = hasBody(request) ? bodyOf(request) : null;
  const exchange: Exchange = {
    ...{ request, response, path, replica, context, hop, body },
    ...{ controller: undefined, sentAt: hop.at, answeredAt: hop.at, abandoned: false, over: false },
  };
  response.on('drain', () => exchange.controller?.resume());
  replica.begin();
  send(exchange);
  return () => {
    exchange.abandoned = true;
    if (!exchange.over) exchange.controller?.abort(new Error('the client has gone'));
  };
}

function send(exchange: Exchange): void {
  const { request, response, replica, context, hop, body } = exchange;
  const address = (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
  const headers = requestFields(request.rawHeaders, address, hop);
  let connection: Connection | undefined;
  let reused = false;
  let answering = false;
  const assigned = (found: Connection) => {
    connection = found;
  };
  replica.dispatch(
    { method: request.method!, path: exchange.path, headers, body, assigned },
    {
      onRequestStart(controller) {
        exchange.controller = controller;
        exchange.sentAt = context.clock.now();
        reused = connection !== undefined && connection.answered > 0;
        if (exchange.abandoned) controller.abort(new Error('the client has gone'));
      },
      onResponseStarted() {
        answering = true;
        exchange.answeredAt = context.clock.now();
      },
      onResponseStart(controller, status, _, text) {
        if (status < 200) passInformation(exchange, status, latin1(controller.rawHeaders));
        else startResponse(exchange, status, text, latin1(controller.rawHeaders));
      },
      onResponseData(controller, chunk) {
        if (!response.write(chunk)) controller.pause();
      },
      onResponseEnd(controller) {
        if (connection) connection.answered++;
        const trailers = extraFields(latin1(controller.rawTrailers));
        if (trailers.length > 0) response.addTrailers(pairs(trailers));
        response.end();
        settle(exchange, 'answered');
      },
      onResponseError(_, error) {
        // The replica may have closed a connection while it was unused, just when this request was put on it.
        const stale = reused && !answering && connectionLost(error);
        if (stale && body === null && idempotent.has(request.method!) && !exchange.abandoned) send(exchange);
        else fail(exchange, error);
      },
    },
  );
}

/** Fields as undici hands them over (name, value, name, value, …), one character per byte. */
const latin1 = (raw: unknown): string[] =>
  Array.isArray(raw) ? raw.map(field => (Buffer.isBuffer(field) ? field.toString('latin1') : String(field))) : [];

const pairs = (fields: readonly string[]) =>
  Array.from({ length: fields.length / 2 }, (_, i): [string, string] => [fields[2 * i]!, fields[2 * i + 1]!]);

/** An interim response (103 Early Hints); Node before 24.18 can't send one, which is allowed (RFC 9110, 15.2). */
function passInformation({ request, response }: Exchange, status: number, fields: readonly string[]): void {
  if (request.httpVersion === '1.1') response.writeInformation?.(status, extraFields(fields));
}

function startResponse(exchange: Exchange, status: number, text: string | undefined, fields: readonly string[]): void {
  const { request, response, hop, context } = exchange;
  const measured = fields.some((field, i) => i % 2 === 0 && field.toLowerCase() === 'content-length');
  const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
  const shape = { lengthAllowed: status !== 204, chunked: request.httpVersion === '1.1' && !measured && !bodiless };
  const now = context.clock.now();
  const upstream = exchange.answeredAt - exchange.sentAt;
  const all = responseFields(fields, hop, shape);
  all.push('Server-Timing', serverTiming(Math.max(0, now - hop.at - upstream), upstream));
  const printable = text !== undefined && /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
  writeHead(response, status, printable ? text : (STATUS_CODES[status] ?? ''), all);
  // Node keeps the head back until the first piece of the body, which mostly comes in this tick. It must not wait for longer.
  process.nextTick(() => {
    if (!response.writableEnded && !response.destroyed) response.flushHeaders();
  });
}

function fail(exchange: Exchange, error: Error): void {
  const { request, response, replica, context } = exchange;
  // Node tells of a lost client in several ways and orders; whichever came first, the replica is not to blame.
  const abandoned = exchange.abandoned || request.socket.destroyed;
  settle(exchange, abandoned ? 'abandoned' : 'failed');
  if (abandoned) return;
  const { status, text } = describeFailure(error, replica.address, context.limits);
  context.log.debug({ replica: replica.address, path: exchange.path, err: error }, 'request failed');
  if (response.headersSent) breakOff(request, response);
  else answer(response, status, `${text}\n`, hopFields(exchange.hop));
}

/** Ends a response that can't be completed such that the client notices. */
function breakOff(request: IncomingMessage, response: ServerResponse): void {
  // To HTTP/1.0 a body without a length ends where the connection does, so that only a reset tells.
  if (request.httpVersion === '1.0' && response.socket) response.socket.resetAndDestroy();
  else response.destroy();
}

function settle(exchange: Exchange, outcome: 'answered' | 'failed' | 'abandoned'): void {
  if (exchange.over) return;
  exchange.over = true;
  exchange.replica.end(outcome);
  exchange.body?.destroy();
}
