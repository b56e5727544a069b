import type { Trace } from '@galileo/wire';
import type { EmulatedClient } from '../emulated-client.ts';

/** Where traces go. Nothing of it blocks, and none of it throws. */
export interface TraceLog extends AsyncDisposable {
  /** A client was made. */
  openClient(client: EmulatedClient): void;
  /** A client is about to send a request under this counter. */
  issued(client: EmulatedClient, counter: number): void;
  /** A request was answered or has failed. */
  trace(trace: Trace): void;
  /** A request has ended of which no trace is made. */
  unrecorded(token: string, counter: number): void;
  /** Hands on what waits. */
  flush(): void;
  /** Resolves when traces are taken. */
  ready(): Promise<void>;
  /** Tells whether traces reach their place: at once, and at every change. */
  onConnection(listener: (connected: boolean) => void): void;
}
