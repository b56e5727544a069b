import { encodeHeaders, type Trace } from '@galileo/wire';
import type { InFlight } from './emulated-client.ts';
import type { Answer } from './sender.ts';

/** Authority of the URL that a host stands for: without the port where it is HTTP's own. */
function authority(host: string): string {
  return host.endsWith(':80') ? host.slice(0, -3) : host;
}

/** Text of a body as Galileo keeps it: stripped. A character that the cap has cut in two is left out. */
function text(body: Buffer): string {
  return new TextDecoder().decode(body, { stream: true }).trim();
}

/** Did the request fail? Without an answer, or with a status of 400 and above. */
export function hasFailed(answer: Answer): boolean {
  return answer.status < 0 || answer.status >= 400;
}

/** The trace of a request. `host` is where it was routed to, `undefined` if nowhere. */
export function traceOf({ client, counter, created, released }: InFlight, host: string | undefined, answer: Answer): Trace {
  const { connected, firstByte, error, bytes } = answer;
  return {
    requestId: `${client.token}:${counter}`,
    client: client.id,
    service: client.service,
    created,
    sent: answer.sent,
    done: answer.done,
    status: answer.status,
    server: host === undefined ? null : authority(host),
    expId: null,
    headers: encodeHeaders(answer.headers, { released, connected, firstByte, error, bytes, replica: null }),
    response: answer.body === null ? null : text(answer.body),
  };
}
