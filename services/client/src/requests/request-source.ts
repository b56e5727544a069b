import type { OutgoingRequest } from '../sender.ts';

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
