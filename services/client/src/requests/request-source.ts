import type { OutgoingRequest } from '../sender.ts';
import type { RequestSpec } from './request-spec.ts';

/** Makes the requests of one client, one after the other. */
export interface RequestSource {
  /** What its requests are like, if that is known ahead. */
  readonly typical?: OutgoingRequest;
  /**
   * The request that goes out under this counter, at once or when it has been made elsewhere.
   * @throws (or rejects with) SourceError if there is none and none will follow.
   */
  next(counter: number): OutgoingRequest | Promise<OutgoingRequest>;
  /** The client was closed. */
  close(): void;
}

/** A client that gets no request any more; the message is what its status says. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SourceError';
  }
}

/** The client that a source is for. */
interface SourceOwner {
  readonly id: string;
  /** Number within the worker, from 0. */
  readonly n: number;
  readonly service: string;
}

export type OpenSource = (owner: SourceOwner) => RequestSource;

/**
 * Makes the sources of clients that were created together.
 * @param outgoing gives a request the path that it has at its hosts.
 */
export function requestSources(spec: RequestSpec, outgoing: (request: OutgoingRequest) => OutgoingRequest): OpenSource {
  switch (spec.kind) {
    case 'constant': {
      // One object for all: its bytes are made once.
      const request = outgoing(spec.request);
      const source: RequestSource = { typical: request, next: () => request, close() {} };
      return () => source;
    }
  }
}
