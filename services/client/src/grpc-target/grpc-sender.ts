import { createDeadlines } from '../http/deadlines.ts';
import type { OutgoingRequest, Sender } from '../sender.ts';
import { Call, type WireRequest } from './call.ts';
import { framed } from './framing.ts';
import { createHostLink, type HostLink } from './host-link.ts';

export interface GrpcSenderOptions {
  /** UNIX seconds. */
  now(): number;
  /** Bytes of each answer's text that are kept; 0 for none. */
  readonly keepBody: number;
  /** Are response headers and trailers kept? */
  readonly keepHeaders: boolean;
  /** A connection that was opened ahead could not be established. */
  onIdleFailure(host: string, error: Error): void;
}

const empty = Buffer.alloc(0);

/**
 * Sends unary calls of gRPC over HTTP/2 without TLS, over one connection per host, the message as the bytes that the request
 * holds. A library for programs that call services stands aside here: it would hide in its queues, retries and back-off what is
 * to be measured, namely when a call was sent and why it failed.
 */
export function createGrpcSender({ now, keepBody, keepHeaders, onIdleFailure }: GrpcSenderOptions): Sender {
  const hosts = new Map<string, HostLink>();
  const workshop = { keepBody, keepHeaders, deadlines: createDeadlines(), now };
  const made = new WeakMap<OutgoingRequest, WireRequest>();

  function linkOf(host: string): HostLink {
    let link = hosts.get(host);
    if (link === undefined) {
      link = createHostLink({ host, now, onIdleFailure: error => onIdleFailure(host, error) });
      hosts.set(host, link);
    }
    return link;
  }

  /** Made once for each request that is sent again and again, to whichever host. */
  function wireRequest(request: OutgoingRequest): WireRequest {
    let wire = made.get(request);
    if (wire === undefined) {
      const { method, path, headers, body, timeout, textOf } = request;
      const fixed = { ':method': method, ':path': path, te: 'trailers', 'content-type': 'application/grpc' };
      wire = { headers: { ...headers, ...fixed }, frame: framed(body ?? empty), timeout, textOf };
      made.set(request, wire);
    }
    return wire;
  }

  return {
    send: (host, request, reply) => new Call(workshop, linkOf(host), wireRequest(request), reply),
    prepare: host => linkOf(host).prepare(),
    retain(kept) {
      for (const [host, link] of hosts) {
        if (kept.has(host)) continue;
        hosts.delete(host);
        link.endWhenUnused();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const link of hosts.values()) link.close();
    },
  };
}
