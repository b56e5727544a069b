import { encodeHeaders, type InstanceTrace, type Trace } from '@galileo/wire';
import { bodyText } from './body-text.ts';
import type { InFlight } from './emulated-client.ts';
import type { Answer } from './sender.ts';

/** Authority of the URL that a host stands for: without the port where it is HTTP's own. */
function authority(host: string): string {
  return host.endsWith(':80') ? host.slice(0, -3) : host;
}

/** Did the request fail? Without an answer, or with a status of 400 and above. */
export function hasFailed(answer: Answer): boolean {
  return answer.status < 0 || answer.status >= 400;
}

/** The trace of a request, but for what is the same in all of its client. */
export function instanceTrace({ counter, created, released, server }: InFlight, answer: Answer): InstanceTrace {
  const { sent, done, status, headers, body, connected, firstByte, error, bytes } = answer;
  return {
    counter,
    created,
    sent,
    done,
    status,
    server: server === undefined ? null : authority(server),
    members: headers,
    details: { released, connected, firstByte, error, bytes, replica: null },
    response: body === null ? null : bodyText(body, headers),
  };
}

/** The whole trace of a request. */
export function traceOf(request: InFlight, answer: Answer): Trace {
  const { counter, members, details, ...fields } = instanceTrace(request, answer);
  const { token, id, service } = request.client;
  return {
    ...fields,
    requestId: `${token}:${counter}`,
    client: id,
    service,
    expId: null,
    headers: encodeHeaders(members, details),
  };
}
