import type { Estimate } from '@galileo/reconcile';
import type { InFlight } from '../emulated-client.ts';
import type { Answer } from '../sender.ts';
import type { ClientIdentity } from '../shards/shard.ts';

/** The traces of one client. */
export interface ClientTraces {
  /** A request is about to be sent under this counter. */
  issued(counter: number): void;
  /** A request was answered or has failed. */
  trace(request: InFlight, answer: Answer): void;
  /** A request has ended of which no trace is made. */
  unrecorded(counter: number): void;
}

/** Where traces go. Nothing of it blocks, and none of it throws. */
export interface TraceLog extends AsyncDisposable {
  /** A client is about to be made. */
  openClient(client: ClientIdentity): ClientTraces;
  /** Hands on what waits. */
  flush(): void;
  /** Resolves when traces are taken. */
  ready(): Promise<void>;
  /** How the own clock relates to the recorder's now; undefined while that is not known. */
  clockEstimate(): Estimate | undefined;
  /** Tells whether traces reach their place: at once, and at every change. */
  onConnection(listener: (connected: boolean) => void): void;
}
