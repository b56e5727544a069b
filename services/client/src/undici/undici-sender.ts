import { encodeHeaderMembers } from '@galileo/wire';
import { createDeadlines } from '../http/deadlines.ts';
import { headerRecord } from '../http/header-members.ts';
import type { HttpSenderOptions } from '../http/http-sender.ts';
import type { OutgoingRequest, Sender } from '../sender.ts';
import { createCookies } from './cookies.ts';
import { Journey, type Station } from './journey.ts';
import { createLines, type OptionedRequest } from './lines.ts';

function optioned(request: OutgoingRequest | undefined): OptionedRequest {
  if (request?.options === undefined) throw new Error('a request for the transport undici has no options');
  return request as OptionedRequest;
}

/** @throws Error if its cookies would be nobody's */
function inSession(request: OutgoingRequest): OptionedRequest {
  const own = optioned(request);
  if (own.options.cookies && own.session === undefined) throw new Error('a request with cookies is of no session');
  return own;
}

/** Sends requests with undici: what TLS, HTTP/2, redirects, cookies or a proxy are asked for. */
export function createUndiciSender({ now, connections, keepBody, keepHeaders, onIdleFailure }: HttpSenderOptions): Sender {
  const lines = createLines({ connections, now });
  const headersOf: Station['headersOf'] = keepHeaders ? fields => encodeHeaderMembers(headerRecord(fields)) : () => null;
  const station: Station = { keepBody, deadlines: createDeadlines(), cookies: createCookies(), now, headersOf };

  return {
    send(host, request, reply) {
      const own = inSession(request);
      return new Journey(station, lines.of(own), host, own, reply);
    },
    prepare(host, request) {
      const own = optioned(request);
      if (own.connections === 'per-request') return;
      const { options } = own;
      const { connector, proxy } = lines.of(own);
      const url = new URL(`${options.scheme}://${host}`);
      const {
        protocol,
        hostname,
        port,
        host: name,
      } = proxy !== undefined && url.protocol === 'http:' ? new URL(proxy.origin) : url;
      const servername = options.tls?.serverName;
      const target = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port, host: name };
      connector.prepare(host, { ...target, ...(servername !== undefined && { servername }) }, error =>
        onIdleFailure(host, error),
      );
    },
    retain: hosts => lines.retain(hosts),
    [Symbol.asyncDispose]: () => lines.close(),
  };
}
