import { appSources } from '../apps/app-sources.ts';
import type { OutgoingRequest } from '../sender.ts';
import { openGrpcSource } from './grpc-source.ts';
import type { OpenSource, RequestSource } from './request-source.ts';
import type { RequestSpec } from './request-spec.ts';

export interface SourcesOptions {
  /** Gives a request the path that it has at its hosts. */
  outgoing(request: OutgoingRequest): OutgoingRequest;
  /** Do requests leave the worker? */
  readonly reaches: boolean;
  /** Is told the lines that apps print. */
  readonly onOutput: ((app: string, line: string) => void) | undefined;
}

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

/** Makes of requests those of one client: its cookies are those of no other. */
function openSession({ options }: OutgoingRequest): (request: OutgoingRequest) => OutgoingRequest {
  if (!options?.cookies) return request => request;
  const session = {};
  return request => ({ ...request, session });
}

/** Makes the sources of clients that were created together. */
export function requestSources(spec: RequestSpec, { outgoing, reaches, onOutput = () => {} }: SourcesOptions): OpenSource {
  switch (spec.kind) {
    case 'constant': {
      // One object for all: its bytes are made once.
      const request = outgoing(spec.request);
      const of = (own: OutgoingRequest): RequestSource => ({ typical: own, next: () => own, close() {} });
      const shared = of(request);
      return () => {
        const own = openSession(request)(request);
        return own === request ? shared : of(own);
      };
    }
    case 'template': {
      const { template } = spec;
      const typical = outgoing(template.request);
      const loading = import('./template-requests.ts').then(({ templateRequests }) => templateRequests(template));
      let opened = 0;
      return owner => {
        const position = opened++;
        const ofClient = openSession(typical);
        const made = loading.then(open => {
          const make = open(owner, position);
          return (counter: number) => ofClient(outgoing(make(counter)));
        });
        return laterSource(typical, made);
      };
    }
    case 'grpc': {
      // What one of them has learned of a host, all know.
      const source = openGrpcSource(spec, reaches);
      return () => source;
    }
    case 'app':
      return appSources(spec.app, { outgoing, onOutput });
  }
}
