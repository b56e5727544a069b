import type { OutgoingRequest } from '../sender.ts';
import { openGrpcSource } from './grpc-source.ts';
import type { RequestSpec } from './request-spec.ts';

/** Makes the requests of one client, one after the other. */
export interface RequestSource {
  /** What its requests are like, if that is known ahead. */
  readonly typical?: OutgoingRequest;
  /**
   * The request that goes out to `host` under this counter, at once or when it has been made elsewhere.
   * @throws (or rejects with) SourceError if there is none and none will follow, MissedRequest if others may.
   */
  next(counter: number, host: string): OutgoingRequest | Promise<OutgoingRequest>;
  /** Requests to this host will follow soon. */
  prepare?(host: string): void;
  /** The client was closed. */
  close(): void;
}

/** The client that a source is for. */
interface SourceOwner {
  readonly id: string;
  readonly worker: string;
  /** Number within the worker, from 0. */
  readonly n: number;
  readonly service: string;
}

export type OpenSource = (owner: SourceOwner) => RequestSource;

/** A source whose code is being loaded: the requests of the first instants are made when it is there, in their order. */
function laterSource(typical: OutgoingRequest, loading: Promise<(counter: number) => OutgoingRequest>): RequestSource {
  let make: ((counter: number) => OutgoingRequest) | undefined;
  loading.then(
    loaded => {
      make = loaded;
    },
    // Each request that is asked for meets the reason.
    () => {},
  );
  return { typical, next: counter => make?.(counter) ?? loading.then(loaded => loaded(counter)), close() {} };
}

/**
 * Makes the sources of clients that were created together.
 * @param outgoing gives a request the path that it has at its hosts.
 * @param reaches do requests leave the worker?
 */
export function requestSources(
  spec: RequestSpec,
  outgoing: (request: OutgoingRequest) => OutgoingRequest,
  reaches: boolean,
): OpenSource {
  switch (spec.kind) {
    case 'constant': {
      // One object for all: its bytes are made once.
      const request = outgoing(spec.request);
      const source: RequestSource = { typical: request, next: () => request, close() {} };
      return () => source;
    }
    case 'template': {
      const { template } = spec;
      const typical = outgoing(template.request);
      const loading = import('./template-requests.ts').then(({ templateRequests }) => templateRequests(template));
      let opened = 0;
      return owner => {
        const position = opened++;
        const made = loading.then(open => {
          const make = open(owner, position);
          return (counter: number) => outgoing(make(counter));
        });
        return laterSource(typical, made);
      };
    }
    case 'grpc': {
      // What one of them has learned of a host, all know.
      const source = openGrpcSource(spec, reaches);
      return () => source;
    }
  }
}
