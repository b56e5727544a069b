import { until } from '@galileo/testkit';
import { parseTrace, splitHeaders, type Trace } from '@galileo/wire';
import { expect } from 'vitest';
import { serversOf } from './replay-exceptions.ts';

/** What a recorded trace is compared with. */
export interface TraceContext {
  /** The case. */
  readonly name: string;
  readonly service: string;
  /** HOST:PORT of the target. */
  readonly upstream: string;
  /** Recorded client -> ours. */
  ourId(recorded: string): string;
  /** Compares, and counts. */
  same(ours: unknown, recorded: unknown): void;
}

/** Waits for the trace of ours that corresponds to a recorded one, and compares all but ids and times. */
export async function compareTrace(line: string, context: TraceContext, traces: () => readonly Trace[]): Promise<void> {
  const { name, service, upstream, same } = context;
  const recorded = parseTrace(line);
  if (!recorded.ok) throw new Error(recorded.reason);
  const { value } = recorded;
  const id = context.ourId(value.client);
  const counter = value.requestId.split(':')[1]!;
  const find = () => traces().find(trace => trace.client === id && trace.requestId.endsWith(`:${counter}`));
  const ours = await until(`trace ${counter} of ${id}`, find);
  const other = serversOf(name)?.[Number(counter) - 1];
  // A failed request of ours names the server that it was for.
  const server = other === undefined ? (value.server ?? upstream) : other.server;
  const status = other === undefined ? value.status : other.fails ? -1 : 200;
  same(
    [ours.client, ours.service, ours.status, ours.server, ours.expId],
    [id, service, status, server?.replace(':8391', `:${upstream.split(':')[1]}`) ?? null, value.expId],
  );
  if (status < 0) return same([ours.sent, ours.response], [value.sent === -1 ? -1 : expect.any(Number), null]);
  expect(ours.done - ours.created).toBeGreaterThan(0);
  if (value.status < 0) return;
  // Date and the length of an echo are of the moment; fields of the connection are ours; the original makes a | a comma.
  const moment = { Date: expect.any(String), 'Content-Length': expect.any(String) };
  same(headersOf(ours), expect.objectContaining({ ...headersOf(value), ...moment }));
  if (value.response?.startsWith('{"method"')) return compareEcho(ours.response!, value.response, same);
  // The original reads text without a charset as Latin-1; ours as UTF-8.
  const text = Buffer.from(value.response ?? '', 'latin1').toString();
  same(ours.response, text.trim());
}

/** What arrived at the target; of the fields those that the configuration asked for. */
function compareEcho(ours: string, recorded: string, same: TraceContext['same']): void {
  type Echo = { method: string; path: string; body: string; headers: Record<string, string> };
  const [mine, original] = [JSON.parse(ours) as Echo, JSON.parse(recorded) as Echo];
  const lower = Object.fromEntries(Object.entries(original.headers).map(([field, value]) => [field.toLowerCase(), value]));
  const headers = { 'content-type': lower['content-type'], 'x-a': lower['x-a'], 'content-length': lower['content-length'] };
  same(mine, JSON.parse(JSON.stringify({ ...original, headers })));
}

/** Header fields of the target, without what our own traces add. */
function headersOf(trace: Trace): Record<string, string> {
  return JSON.parse((splitHeaders(trace.headers).headers ?? '{}').replaceAll('|', ',')) as Record<string, string>;
}
