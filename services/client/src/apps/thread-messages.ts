import type { OutgoingRequest } from '../sender.ts';

// What a generator's thread and the worker tell each other.

/** How often a thread gives a sign of life while a request may take to be made. */
export const beatsPerTimeout = 8;

/** Where a thread leaves what must be read when it answers no more. */
export const cells = { beats: 0, asked: 1, count: 2 } as const;

/** What a thread is started with. */
export interface ThreadData {
  /** file: URL of the module that makes the requests. */
  readonly generator: string;
  /** What every request is made with. */
  readonly context: {
    readonly name: string;
    readonly path: string;
    readonly manifest: Readonly<Record<string, unknown>>;
    readonly parameters: Readonly<Record<string, unknown>>;
  };
  /** Seconds that a request may take to be made. */
  readonly timeout: number;
  /** Int32 cells that both see: signs of life, and the number (from 1) of the client that was asked last. */
  readonly shared: SharedArrayBuffer;
}

/** A client that requests are made for. */
interface ClientOfThread {
  readonly id: string;
  readonly service: string;
  readonly seed: number;
  /** Requests that other threads have made for it. */
  readonly made: number;
}

/** Asks for so many requests of the client with this number. */
export interface Ask {
  readonly client: number;
  readonly count: number;
  /** Comes with the first one. */
  readonly opened?: ClientOfThread;
}

/** A request as it comes from a thread, whose buffers are no `Buffer`. */
export type MadeRequest = Omit<OutgoingRequest, 'body'> & { readonly body: Uint8Array<ArrayBuffer> | undefined };

/** Requests of a client in their order, and why there are no more, if so. */
export interface Made {
  readonly client: number;
  readonly requests: readonly MadeRequest[];
  readonly fault?: string;
}

/** The generator was loaded, or why it can't be used; or what was made. */
export type FromThread =
  | { readonly kind: 'loaded'; readonly problem?: string }
  | { readonly kind: 'made'; readonly made: Made[] };
