import type { RecordKindName } from './kinds.ts';

/** Called for each record that a publisher gives up, with what was to be published. */
export type LostListener = (kind: RecordKindName, channel: string, line: string) => void;

/**
 * Carries lines from a producer to the recorder. Disposing it tries to deliver what is pending, for a bounded time.
 */
export interface Publisher extends AsyncDisposable {
  /** Takes a line for delivery. Never blocks and never throws. */
  publish(kind: RecordKindName, channel: string, line: string): void;
  /**
   * Resolves when all that was published before the call is durable at the recorder, or counted in `lost`.
   * @throws the reason of `signal` when that aborts first.
   */
  flush(signal?: AbortSignal): Promise<void>;
  /** Number of the newest batch that holds something of what was published so far; 0 where records are not numbered. */
  readonly sequence: number;
  /** Records given up because the cap in bytes was reached; none of them has reached the recorder. */
  readonly lost: Readonly<Record<RecordKindName, number>>;
  /** Tells of each record that is given up from now on, when it is. */
  onLost(listener: LostListener): void;
  /** Has something called right before records leave the process: nothing that it was given by then has left it yet. */
  beforeSend(listener: () => void): void;
}
